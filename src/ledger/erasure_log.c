/*
 * erasure_log.c
 *		Finds the texts that entries of event "erased" name.
 *
 * With refers_to, such an entry names that entry; without, all earlier entries of its
 * promise except those of event "erased".  Of these it names the texts that its
 * details list, or all texts if details is NULL.
 */
#include "postgres.h"

#include "ledger/erasure_log.h"

#include "catalog/pg_type_d.h"

#include "base/text.h"

enum
{
	ERASED_CUSTOMER,
	ERASED_SEQ,
	ERASED_PROMISE,
	ERASED_REFERS_TO,
	ERASED_DETAILS,
	ERASED_COLUMNS
};

static const Column erased_columns[ERASED_COLUMNS] = {
	{"customer", TEXTOID}, {"seq", INT8OID}, {"promise", UUIDOID}, {"refers_to", INT8OID},
	{"details", JSONBOID}
};

const RowShape erased_shape = {"entry", erased_columns, ERASED_COLUMNS};

/* One entry, or with seq 0 all entries of a promise. */
typedef struct ErasedKey
{
	pg_uuid_t	promise;		/* zero for governance */
	int64		seq;
} ErasedKey;

typedef struct Erased
{
	ErasedKey	key;
	int64		before[ERASABLE_TEXTS]; /* erased in entries with seq below this; 0: in none */
} Erased;

static int
TextBit(const char *name, int length)
{
	for (int i = 0; i < ERASABLE_TEXTS; i++)
	{
		const char *text = entry_shape.columns[erasable_texts[i].text].name;

		if (strlen(text) == (size_t) length && memcmp(text, name, length) == 0)
			return 1 << i;
	}
	return 0;
}

/* Reads details: {"texts": ["words", "purpose"]}, or NULL for all texts. */
static int
TextsOf(const Row *erased, int details)
{
	JsonbValue	value;
	JsonbValue *texts;
	int			bits = 0;

	if (RowIsNull(erased, details))
		return ALL_TEXTS;
	texts = JsonMember(DatumGetJsonbP(erased->values[details]), "texts", &value);
	if (texts == NULL || texts->type != jbvBinary || !JsonContainerIsArray(texts->val.binary.data))
		return 0;
	for (uint32 i = 0; i < JsonContainerSize(texts->val.binary.data); i++)
	{
		JsonbValue *text = getIthJsonbValueFromContainer(texts->val.binary.data, i);

		if (text->type == jbvString)
			bits |= TextBit(text->val.string.val, text->val.string.len);
	}
	return bits;
}

bool
ErasureNamesText(const Row *erased, int64 seq, int text)
{
	const char *name = entry_shape.columns[text].name;

	return (RowIsNull(erased, ENTRY_REFERS_TO) || RowInt64(erased, ENTRY_REFERS_TO) == seq) &&
		(TextsOf(erased, ENTRY_DETAILS) & TextBit(name, strlen(name))) != 0;
}

const char *
ErasureTextList(const Row *erased)
{
	int			texts = TextsOf(erased, ENTRY_DETAILS);
	StringInfoData list;

	if (texts == ALL_TEXTS)
		return "all that people wrote";
	initStringInfo(&list);
	for (int i = 0; i < ERASABLE_TEXTS; i++)
		if (texts & (1 << i))
			appendStringInfo(&list, "%s%s", list.len ? ", " : "",
							 entry_shape.columns[erasable_texts[i].text].name);
	return list.data;
}

char *
ErasedCustomer(const Row *erased)
{
	if (RowIsNull(erased, ERASED_CUSTOMER))
		RowWithoutKey(erased_shape.table);
	return RowText(erased, ERASED_CUSTOMER);
}

HTAB *
ErasuresBegin(MemoryContext context)
{
	HASHCTL		control = {0};

	control.keysize = sizeof(ErasedKey);
	control.entrysize = sizeof(Erased);
	control.hcxt = context;
	return hash_create("erased texts", 16, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

static ErasedKey
KeyOf(const Row *row, int promise, int64 seq)
{
	ErasedKey	key = {{{0}}, seq};

	if (!RowIsNull(row, promise))
		key.promise = *DatumGetUUIDP(row->values[promise]);
	return key;
}

void
ErasuresAdd(HTAB *erasures, const Row *erased)
{
	ErasedKey	key = KeyOf(erased, ERASED_PROMISE, RowInt64(erased, ERASED_REFERS_TO));
	int			texts = TextsOf(erased, ERASED_DETAILS);
	bool		found;
	Erased	   *entry = hash_search(erasures, &key, HASH_ENTER, &found);

	if (!found)
		memset(entry->before, 0, sizeof(entry->before));
	for (int i = 0; i < ERASABLE_TEXTS; i++)
		if (texts & (1 << i))
			entry->before[i] = Max(entry->before[i], RowInt64(erased, ERASED_SEQ));
}

static int
TextsByKey(HTAB *erasures, ErasedKey key, int64 seq)
{
	Erased	   *entry = hash_search(erasures, &key, HASH_FIND, NULL);
	int			texts = 0;

	for (int i = 0; entry && i < ERASABLE_TEXTS; i++)
		if (seq < entry->before[i])
			texts |= 1 << i;
	return texts;
}

int
ErasedTexts(HTAB *erasures, const Row *entry)
{
	int64		seq = RowInt64(entry, ENTRY_SEQ);
	int			texts;

	if (erasures == NULL)
		return 0;
	texts = TextsByKey(erasures, KeyOf(entry, ENTRY_PROMISE, seq), seq);
	if (!RowIsNull(entry, ENTRY_PROMISE) && !RowTextIs(entry, ENTRY_EVENT, "erased"))
		texts |= TextsByKey(erasures, KeyOf(entry, ENTRY_PROMISE, 0), seq);
	return texts;
}
