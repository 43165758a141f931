/*
 * tracked_table.c
 *		Access to the present rows of a tracked table.
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

/* By the name that the table had when it was tracked, for tables without triggers. */
static Statement find_tracking = STATEMENT(
	"SELECT source FROM trust.tracking"
	" WHERE tab OPERATOR(pg_catalog.=) $1 AND active"
	" ORDER BY seq DESC",
	TEXTOID);

/*
 * An owner can lose privileges.  Reading a whole row takes SELECT on the table, locking it
 * UPDATE on any column.
 */
static void
CheckOwnerHas(Relation rel, AclMode privilege, const char *name)
{
	Oid			relid = RelationGetRelid(rel);
	Oid			owner = rel->rd_rel->relowner;

	if (pg_class_aclcheck(relid, owner, privilege) == ACLCHECK_OK ||
		(privilege == ACL_UPDATE &&
		 pg_attribute_aclcheck_all(relid, owner, privilege, ACLMASK_ANY) == ACLCHECK_OK))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("owner \"%s\" of table %s does not have privilege %s on it",
					GetUserNameFromId(owner, false), QualifiedName(relid), name),
			 errdetail("Tracked rows are read and locked with the rights of the owner."),
			 errhint("Run GRANT %s ON %s TO %s.", name, QualifiedName(relid),
					 quote_identifier(GetUserNameFromId(owner, false)))));
}

/* Policies would hide rows from the owner without an error. */
static void
CheckOwnerSeesAllRows(Relation rel)
{
	Oid			owner = rel->rd_rel->relowner;
	const char *table = QualifiedName(RelationGetRelid(rel));

	if (check_enable_rls(RelationGetRelid(rel), owner, true) == RLS_ENABLED)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("owner \"%s\" of table %s cannot read all of its rows",
						GetUserNameFromId(owner, false), table),
				 errdetail("Tracked rows are read with the rights of the owner.  "
						   "Row-level security of the table is forced for the owner."),
				 errhint("Run ALTER TABLE %s NO FORCE ROW LEVEL SECURITY, "
						 "or ALTER ROLE %s BYPASSRLS.", table,
						 quote_identifier(GetUserNameFromId(owner, false)))));
}

Relation
OpenTableByOid(Oid relid)
{
	Relation	rel = try_table_open(relid, AccessShareLock);

	if (rel == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", relid),
				 errhint("Specify the table by its name, for example 'crm.deal'.")));
	return rel;
}

void
CheckCanReadTable(Relation rel)
{
	if (pg_class_aclcheck(RelationGetRelid(rel), GetUserId(), ACL_SELECT) != ACLCHECK_OK)
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_TABLE, RelationGetRelationName(rel));
	if (check_enable_rls(RelationGetRelid(rel), GetUserId(), true) == RLS_ENABLED)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("role \"%s\" cannot read all rows of table \"%s\"",
						GetUserNameFromId(GetUserId(), false), RelationGetRelationName(rel)),
				 errdetail("Row-level security of the table applies to the role.")));
	CheckOwnerHas(rel, ACL_SELECT, "SELECT");
	CheckOwnerSeesAllRows(rel);
}

void
TrackedRowsLock(Relation rel, const RowPlaces *places, bool *as_read)
{
	char	   *table = QualifiedName(RelationGetRelid(rel));
	char	   *sql = psprintf("SELECT p.nr"
							   " FROM unnest($1, $2, $3)"
							   "   WITH ORDINALITY AS p (part, place, version, nr)"
							   " JOIN %s%s AS new"
							   "   ON new.ctid = p.place AND new.tableoid = p.part"
							   "   AND new.xmin = p.version"
							   " FOR SHARE OF new SKIP LOCKED", OnlyKeyword(rel), table);
	Oid			types[3] = {OIDARRAYOID, TIDARRAYOID, XIDARRAYOID};
	Datum		values[3] = {
		PointerGetDatum(construct_array(places->parts, places->count, OIDOID,
										sizeof(Oid), true, TYPALIGN_INT)),
		PointerGetDatum(construct_array(places->places, places->count, TIDOID,
										sizeof(ItemPointerData), false, TYPALIGN_SHORT)),
		PointerGetDatum(construct_array(places->versions, places->count, XIDOID,
										sizeof(TransactionId), true, TYPALIGN_INT))
	};
	OwnerSession session;

	CheckOwnerHas(rel, ACL_UPDATE, "UPDATE");	/* PostgreSQL requires it for FOR SHARE */
	memset(as_read, false, sizeof(bool) * places->count);
	OwnerEnter(rel->rd_rel->relowner, &session);
	/* a TID scan needs a nested loop; other joins would scan the table in each call */
	(void) set_config_option("enable_hashjoin", "off", PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	(void) set_config_option("enable_mergejoin", "off", PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	if (SPI_execute_with_args(sql, 3, types, values, NULL, false, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not lock tracked rows");
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		bool		isnull;
		Datum		nr = SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &isnull);

		as_read[DatumGetInt64(nr) - 1] = true;
	}
	OwnerLeave(&session);
}

static void
RefuseSuspended(Relation rel)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("tracking of table %s is suspended", QualifiedName(RelationGetRelid(rel))),
			 errdetail("Its rows cannot be read by its mapping."),
			 errhint("First call trust_ledger.resume_tracking().")));
}

/* The source under which the table is tracked; NULL if it is not tracked. */
static const char *
SourceOf(const Ledger *ledger, Relation rel)
{
	Oid			track = TrackFunction();
	Oid			suspension = SuspensionFunction();
	LedgerSession session;
	Datum		name = CStringGetTextDatum(QualifiedName(RelationGetRelid(rel)));
	char	   *source = NULL;

	for (int i = 0; rel->trigdesc && i < rel->trigdesc->numtriggers; i++)
		if (rel->trigdesc->triggers[i].tgfoid == suspension)
			RefuseSuspended(rel);
	for (int i = 0; rel->trigdesc && i < rel->trigdesc->numtriggers; i++)
		if (rel->trigdesc->triggers[i].tgfoid == track)
			return MappingSource(rel, &rel->trigdesc->triggers[i]);
	LedgerEnter(ledger, &session);
	if (StatementWrite(&find_tracking, &name, NULL) > 0)
		source = MemoryContextStrdup(session.caller, ResultTextNotNull(0, 1));
	LedgerLeave(&session);
	return source;
}

void
CheckSourceOfTable(const Ledger *ledger, Relation rel, const char *source)
{
	const char *its = SourceOf(ledger, rel);

	if (its == NULL || strcmp(its, source) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("table \"%s\" is not tracked as \"%s\"",
						RelationGetRelationName(rel), source),
				 its ? errdetail("It is tracked as \"%s\".", its) : 0,
				 errhint("Call trust_ledger.import_table() or trust_ledger.reconcile_table(), "
						 "which determine the source.")));
}

/*
 * read_tracked(tab regclass, source text, with_rows boolean) returns setof mapped_row
 *		The events that the table's triggers would record if its rows were inserted now,
 *		in the order of the triggers.  with_rows: also an event "noted" for each promise
 *		of each row.  Needs SELECT on the table, and a level that reads words, or level
 *		import.  Errors: 42704 the table is not tracked as source, 42P01 no such table,
 *		42501 no right on the table, TL004, and those of an invalid mapping.
 */
Datum
read_tracked(PG_FUNCTION_ARGS)
{
	Ledger		ledger = *LedgerOpen();
	Relation	rel = OpenTableByOid(PG_GETARG_OID(0));
	const char *source = text_to_cstring(PG_GETARG_TEXT_PP(1));
	List	   *readings;

	CheckAccess(&ledger, GetUserId(), LEVELS_READING_WORDS | LEVEL_IMPORT, "read tracked tables");
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
 *		The source under which the table is tracked, as in trust.source and trust.tracked.
 *		Errors: 42704 the table is not tracked, 42P01 no such table.
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
				 errhint("Track it with trust_ledger.track_table().")));
	table_close(rel, AccessShareLock);
	PG_RETURN_TEXT_P(cstring_to_text(source));
}
