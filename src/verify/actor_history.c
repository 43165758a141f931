/*
 * actor_history.c
 *		The registrations of actors, to check what entries repeat of them.
 *
 * Each entry repeats what its actor was at that time, and refers to the governance
 * entry that says so.  This check ensures that an actor's kind cannot be changed
 * for some time without a governance entry.
 */
#include "postgres.h"

#include "verify/actor_history.h"

#include "catalog/pg_type_d.h"
#include "utils/builtins.h"

#include "base/text.h"
#include "ledger/ledger.h"
#include "ledger/table_reader.h"

enum
{
	REGISTRATION_SEQ,
	REGISTRATION_SUBJECT,
	REGISTRATION_EVENT,
	REGISTRATION_DETAILS,
	REGISTRATION_COLUMNS
};

static const Column registration_columns[REGISTRATION_COLUMNS] = {
	{"seq", INT8OID}, {"subject", TEXTOID}, {"event", TEXTOID}, {"details", JSONBOID}
};

static const RowShape registration_shape = {
	"entry", registration_columns, REGISTRATION_COLUMNS
};

/* Columns of an entry that repeat a key of its actor's registration. */
static const struct
{
	int			column;
	const char *key;
}			repeated[] = {
	{ENTRY_ACTOR_KIND, "kind"}, {ENTRY_SPEAKS_FOR, "speaks_for"}, {ENTRY_RESPONSIBLE, "responsible"}
};

typedef struct Registration
{
	int64		seq;			/* hash key */
	char	   *actor;
	char	   *values[lengthof(repeated)];
} Registration;

HTAB *
ReadRegistrations(void)
{
	HASHCTL		control = {0};
	HTAB	   *registrations;
	Reader		reader;

	control.keysize = sizeof(int64);
	control.entrysize = sizeof(Registration);
	control.hcxt = CurrentMemoryContext;
	registrations = hash_create("trust_ledger registrations", 64, &control,
								HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	ReaderOpen(&reader, &registration_shape, NULL, "seq",
			   &(Customers) {.only = GOVERNANCE_CUSTOMER});
	for (; reader.row; ReaderNext(&reader))
	{
		int64		seq = RowInt64(reader.row, REGISTRATION_SEQ);
		Registration *registration;

		Jsonb	   *details;

		if (RowIsNull(reader.row, REGISTRATION_DETAILS) ||
			RowIsNull(reader.row, REGISTRATION_SUBJECT) ||
			RowIsNull(reader.row, REGISTRATION_EVENT) ||
			strncmp(RowText(reader.row, REGISTRATION_EVENT), "actor_", strlen("actor_")) != 0)
			continue;
		registration = hash_search(registrations, &seq, HASH_ENTER, NULL);
		registration->actor = RowText(reader.row, REGISTRATION_SUBJECT);
		details = DatumGetJsonbP(reader.row->values[REGISTRATION_DETAILS]);
		for (size_t i = 0; i < lengthof(repeated); i++)
		{
			text	   *value = JsonText(details, repeated[i].key);

			registration->values[i] = value ? text_to_cstring(value) : NULL;
		}
	}
	ReaderClose(&reader);
	return registrations;
}

/* The first column that must be null without an actor, but is not. */
static const char *
ColumnWithoutActor(const Row *entry)
{
	static const int columns[] = {
		ENTRY_ACTOR_SEQ, ENTRY_ACTOR_KIND, ENTRY_SPEAKS_FOR, ENTRY_RESPONSIBLE, ENTRY_EVIDENCE
	};

	for (size_t i = 0; i < lengthof(columns); i++)
		if (!RowIsNull(entry, columns[i]))
			return entry_shape.columns[columns[i]].name;
	return NULL;
}

const char *
WrongActorColumn(HTAB *registrations, const Row *entry)
{
	int64		seq = RowInt64(entry, ENTRY_ACTOR_SEQ);
	Registration *registration = hash_search(registrations, &seq, HASH_FIND, NULL);

	if (RowIsNull(entry, ENTRY_ACTOR))
		return ColumnWithoutActor(entry);
	/* a governance entry can only refer to an earlier one */
	if (registration == NULL || !RowTextIs(entry, ENTRY_ACTOR, registration->actor) ||
		(RowTextIs(entry, ENTRY_CUSTOMER, GOVERNANCE_CUSTOMER) &&
		 seq >= RowInt64(entry, ENTRY_SEQ)))
		return "actor_seq";
	for (size_t i = 0; i < lengthof(repeated); i++)
	{
		const char *value = registration->values[i];

		if (value ? !RowTextIs(entry, repeated[i].column, value) :
			!RowIsNull(entry, repeated[i].column))
			return entry_shape.columns[repeated[i].column].name;
	}
	return NULL;
}
