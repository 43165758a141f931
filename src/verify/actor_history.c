/*
 * actor_history.c
 *		What governance said of actors, entry by entry.
 *
 * Each entry says what its actor was, and by which governance entry: so nobody
 * was a human for an afternoon unless governance says so.
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
	REGISTERED_SEQ,
	REGISTERED_SUBJECT,
	REGISTERED_EVENT,
	REGISTERED_DETAILS,
	REGISTERED_COLUMNS
};

static const Column registered_columns[REGISTERED_COLUMNS] = {
	{"seq", INT8OID}, {"subject", TEXTOID}, {"event", TEXTOID}, {"details", JSONBOID}
};

static const RowShape registered_shape = {"entry", registered_columns, REGISTERED_COLUMNS};

/* What an entry repeats of its actor's registration */
static const struct
{
	int			column;
	const char *detail;
}			repeated[] = {
	{ENTRY_ACTOR_KIND, "kind"}, {ENTRY_SPEAKS_FOR, "speaks_for"}, {ENTRY_RESPONSIBLE, "responsible"}
};

typedef struct Registration
{
	int64		seq;			/* the key */
	char	   *actor;
	char	   *said[lengthof(repeated)];
} Registration;

/* All registrations by seq, in the memory of the caller; within a LedgerSession. */
HTAB *
ReadRegistrations(void)
{
	HASHCTL		control = {0};
	HTAB	   *registrations;
	Reader		reader;

	control.keysize = sizeof(int64);
	control.entrysize = sizeof(Registration);
	control.hcxt = CurrentMemoryContext;
	registrations = hash_create("registrations", 64, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	for (ReaderOpen(&reader, &registered_shape, NULL, "seq", &(Customers) {.only = GOVERNANCE_CUSTOMER}); reader.row; ReaderNext(&reader))
	{
		int64		seq = RowInt64(reader.row, REGISTERED_SEQ);
		Registration *registration;

		if (RowIsNull(reader.row, REGISTERED_DETAILS) || RowIsNull(reader.row, REGISTERED_SUBJECT) ||
			RowIsNull(reader.row, REGISTERED_EVENT) ||
			strncmp(RowText(reader.row, REGISTERED_EVENT), "actor_", strlen("actor_")) != 0)
			continue;
		registration = hash_search(registrations, &seq, HASH_ENTER, NULL);
		registration->actor = RowText(reader.row, REGISTERED_SUBJECT);
		for (size_t i = 0; i < lengthof(repeated); i++)
		{
			text	   *said = JsonText(DatumGetJsonbP(reader.row->values[REGISTERED_DETAILS]), repeated[i].detail);

			registration->said[i] = said ? text_to_cstring(said) : NULL;
		}
	}
	ReaderClose(&reader);
	return registrations;
}

/* What an entry without an actor says of one all the same. */
static const char *
SaysOfNobody(const Row *entry)
{
	static const int columns[] = {ENTRY_ACTOR_SEQ, ENTRY_ACTOR_KIND, ENTRY_SPEAKS_FOR, ENTRY_RESPONSIBLE, ENTRY_EVIDENCE};

	for (size_t i = 0; i < lengthof(columns); i++)
		if (!RowIsNull(entry, columns[i]))
			return entry_shape.columns[columns[i]].name;
	return NULL;
}

/* The column in which the entry says of its actor what governance does not; NULL where there is none. */
const char *
CheckRegistered(HTAB *registrations, const Row *entry)
{
	int64		seq = RowInt64(entry, ENTRY_ACTOR_SEQ);
	Registration *registration = hash_search(registrations, &seq, HASH_FIND, NULL);

	if (RowIsNull(entry, ENTRY_ACTOR))
		return SaysOfNobody(entry);
	if (registration == NULL || !RowTextIs(entry, ENTRY_ACTOR, registration->actor) ||
		(RowTextIs(entry, ENTRY_CUSTOMER, GOVERNANCE_CUSTOMER) && seq >= RowInt64(entry, ENTRY_SEQ)))
		return "actor_seq";
	for (size_t i = 0; i < lengthof(repeated); i++)
	{
		bool		same = registration->said[i] ? RowTextIs(entry, repeated[i].column, registration->said[i]) :
		RowIsNull(entry, repeated[i].column);

		if (!same)
			return entry_shape.columns[repeated[i].column].name;
	}
	return NULL;
}
