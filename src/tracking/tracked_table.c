/*
 * tracked_table.c
 *		The rows of a tracked table as they are now, read by its mapping.
 *
 * A row says what its triggers would say if it were put in as it is.  It is read
 * as the table's owner, whose SQL the conditions are: an auditor who reads does
 * not run somebody else's code as themselves.
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/pg_type_d.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/rls.h"

#include "tracking/tracked_table.h"

#include "base/catalog.h"
#include "base/owner_session.h"
#include "base/statement.h"
#include "governance/access.h"
#include "tracking/mapping.h"
#include "tracking/tracked_reading.h"
#include "tracking/trigger_catalog.h"

PG_FUNCTION_INFO_V1(read_tracked);
PG_FUNCTION_INFO_V1(source_of);

/* Where all its triggers are gone: by the name that the table had when it was tracked. */
static Statement find_tracking = STATEMENT(
	"SELECT source FROM trust.tracking WHERE tab OPERATOR(pg_catalog.=) $1 AND active ORDER BY seq DESC", TEXTOID);

/*
 * Keeps rows as they were read until the transaction ends; as_read: which of them
 * still are, and nobody else is changing.  Nobody is waited for, so that whoever
 * changes rows never waits for who waits for them.
 */
void
TrackedRowsLock(Relation rel, const RowPlaces *places, bool *as_read)
{
	char	   *table = QualifiedName(RelationGetRelid(rel));
	char	   *sql = psprintf("SELECT p.nr FROM unnest($1, $2, $3) WITH ORDINALITY AS p (part, place, version, nr) JOIN %s%s AS new"
							   " ON new.ctid = p.place AND new.tableoid = p.part AND new.xmin = p.version"
							   " FOR SHARE OF new SKIP LOCKED", OnlyKeyword(rel), table);
	Oid			types[3] = {OIDARRAYOID, TIDARRAYOID, XIDARRAYOID};
	Datum		values[3] = {
		PointerGetDatum(construct_array(places->parts, places->count, OIDOID, sizeof(Oid), true, TYPALIGN_INT)),
		PointerGetDatum(construct_array(places->places, places->count, TIDOID, sizeof(ItemPointerData), false, TYPALIGN_SHORT)),
		PointerGetDatum(construct_array(places->versions, places->count, XIDOID, sizeof(TransactionId), true, TYPALIGN_INT))
	};
	OwnerSession session;

	memset(as_read, false, sizeof(bool) * places->count);
	OwnerEnter(rel->rd_rel->relowner, &session);
	/* by where they are: a join of another kind reads the whole table for each part of it */
	(void) set_config_option("enable_hashjoin", "off", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	(void) set_config_option("enable_mergejoin", "off", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	if (SPI_execute_with_args(sql, 3, types, values, NULL, false, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not lock tracked rows");
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		bool		isnull;

		as_read[DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &isnull)) - 1] = true;
	}
	OwnerLeave(&session);
}

/* The table that a caller names: by an OID that may be of nothing. */
Relation
OpenTableByOid(Oid relid)
{
	Relation	rel = try_table_open(relid, AccessShareLock);

	if (rel == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("there is no such table"),
				 errdetail("Nothing has the OID %u.", relid),
				 errhint("Name the table, e.g. 'crm.deal'.")));
	return rel;
}

/* Rows are read as the owner: from whom policies hide some, they hide them here too. */
void
CheckCanReadTable(Relation rel)
{
	if (pg_class_aclcheck(RelationGetRelid(rel), GetUserId(), ACL_SELECT) != ACLCHECK_OK)
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_TABLE, RelationGetRelationName(rel));
	if (check_enable_rls(RelationGetRelid(rel), InvalidOid, true) == RLS_ENABLED)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("row-level security hides rows of table \"%s\" from \"%s\"",
						RelationGetRelationName(rel), GetUserNameFromId(GetUserId(), false))));
}

/* By which source the table is tracked; NULL: it is not. */
static const char *
SourceOf(const Ledger *ledger, Relation rel)
{
	Oid			track = TrackFunction();
	LedgerSession session;
	Datum		name = CStringGetTextDatum(QualifiedName(RelationGetRelid(rel)));
	char	   *source = NULL;

	for (int i = 0; rel->trigdesc && i < rel->trigdesc->numtriggers; i++)
		if (rel->trigdesc->triggers[i].tgfoid == track)
			return MappingSource(rel, &rel->trigdesc->triggers[i]);
	LedgerEnter(ledger, &session);
	if (StatementWrite(&find_tracking, &name, NULL) > 0)
		source = MemoryContextStrdup(session.caller, ResultTextNotNull(0, 1));
	LedgerLeave(&session);
	return source;
}

/* What is tracked elsewhere says nothing of this table, whoever names it. */
void
CheckSourceOfTable(const Ledger *ledger, Relation rel, const char *source)
{
	const char *its = SourceOf(ledger, rel);

	if (its == NULL || strcmp(its, source) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("table \"%s\" is not tracked as \"%s\"", RelationGetRelationName(rel), source),
				 its ? errdetail("It is tracked as \"%s\".", its) : 0,
				 errhint("Call import_table() or reconcile_table(), which know the source.")));
}

/*
 * read_tracked(tab regclass, source text, with_rows boolean) returns setof mapped_row
 *		The table's rows as its mapping reads them: a row per event that the row as it
 *		stands says, the first that of its promise being made; with_rows: and one
 *		"noted" for each row that is there.  By who may SELECT from the table and reads
 *		words or imports.  Errors: 42704 the source is not that table's, 42P01 no
 *		such table, 42501, TL004, and those of a mapping that cannot work.
 */
Datum
read_tracked(PG_FUNCTION_ARGS)
{
	Ledger		ledger = *LedgerOpen();
	Relation	rel = OpenTableByOid(PG_GETARG_OID(0));
	const char *source = text_to_cstring(PG_GETARG_TEXT_PP(1));
	List	   *readings;

	CheckAccess(&ledger, GetUserId(), LEVELS_READING_WORDS | LEVEL_IMPORT, "read what is tracked");
	CheckCanReadTable(rel);
	CheckSourceOfTable(&ledger, rel, source);
	InitMaterializedSRF(fcinfo, 0);
	readings = ReadingsOfTable(&ledger, source, rel, PG_GETARG_BOOL(2));
	ReadTrackedRows((ReturnSetInfo *) fcinfo->resultinfo, readings, rel, ledger.zone);
	table_close(rel, NoLock);
	return (Datum) 0;
}

/*
 * source_of(tab regclass) returns text
 *		What the table is called as a source, in trust.source and trust.tracked.  Error
 *		42704 where it is not tracked, 42P01 where there is no such table.
 */
Datum
source_of(PG_FUNCTION_ARGS)
{
	Relation	rel = OpenTableByOid(PG_GETARG_OID(0));
	const char *source = SourceOf(LedgerOpen(), rel);

	if (source == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("table \"%s\" is not tracked", RelationGetRelationName(rel)),
				 errhint("Use trust_ledger.track_table() first.")));
	table_close(rel, AccessShareLock);
	PG_RETURN_TEXT_P(cstring_to_text(source));
}
