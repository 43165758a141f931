/*
 * tracked_table.c
 *		Access to the present rows of a tracked table.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_type_d.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rls.h"
#include "utils/typcache.h"

#include "tracking/tracked_table.h"

#include "base/catalog.h"
#include "base/owner_session.h"
#include "base/statement.h"
#include "governance/access.h"
#include "tracking/mapped_row.h"
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
CheckOwnsTable(Oid relid, Oid role)
{
	Oid			owner = RelationOwner(relid, true);

	if (!OidIsValid(owner))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", relid)));
	if (has_privs_of_role(role, owner))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("must be owner of table %s", get_rel_name(relid)),
			 errdetail("Role \"%s\" does not have the rights of the owner.",
					   GetUserNameFromId(role, false)),
			 errhint("Call the function as \"%s\".", GetUserNameFromId(owner, false))));
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
							   " FROM ROWS FROM (pg_catalog.unnest($1),"
							   "   pg_catalog.unnest($2), pg_catalog.unnest($3))"
							   "   WITH ORDINALITY AS p (part, place, version, nr)"
							   " JOIN %s%s AS new"
							   "   ON new.ctid OPERATOR(pg_catalog.=) p.place"
							   "   AND new.tableoid OPERATOR(pg_catalog.=) p.part"
							   "   AND new.xmin OPERATOR(pg_catalog.=) p.version"
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

/* Selects the row whose key columns have the values $1, $2, ... of the given types. */
static char *
RowByKeyQuery(Relation rel, const Mapping *mapping, Oid *types)
{
	TupleDesc	tupdesc = RelationGetDescr(rel);
	char	   *table = QualifiedName(RelationGetRelid(rel));
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfo(&sql, "SELECT new.*::%s, new.tableoid, new.ctid, new.xmin FROM %s%s AS new",
					 table, OnlyKeyword(rel), table);
	for (int i = 0; i < mapping->key_count; i++)
	{
		Form_pg_attribute column = TupleDescAttr(tupdesc, mapping->key[i] - 1);

		types[i] = column->atttypid;
		appendStringInfoString(&sql, i ? " AND " : " WHERE ");
		generate_operator_clause(&sql,
								 psprintf("new.%s", quote_identifier(NameStr(column->attname))),
								 column->atttypid,
								 lookup_type_cache(column->atttypid, TYPECACHE_EQ_OPR)->eq_opr,
								 psprintf("$%d", i + 1), column->atttypid);
	}
	return sql.data;
}

/* Reads the row found by RowByKeyQuery() and its place, into the given memory context. */
static HeapTuple
FoundRow(MemoryContext context, Datum where[3])
{
	MemoryContext previous = MemoryContextSwitchTo(context);
	HeapTuple	tuple = palloc0(HEAPTUPLESIZE);
	HeapTuple	found = SPI_tuptable->vals[0];
	TupleDesc	columns = SPI_tuptable->tupdesc;
	bool		isnull;
	HeapTupleHeader header = DatumGetHeapTupleHeaderCopy(SPI_getbinval(found, columns, 1,
																	   &isnull));

	tuple->t_len = HeapTupleHeaderGetDatumLength(header);
	tuple->t_data = header;
	for (int i = 0; i < 3; i++)
	{
		Form_pg_attribute column = TupleDescAttr(columns, i + 1);

		where[i] = datumCopy(SPI_getbinval(found, columns, i + 2, &isnull),
							 column->attbyval, column->attlen);
	}
	MemoryContextSwitchTo(previous);
	return tuple;
}

HeapTuple
TrackedRowByKey(Relation rel, const Mapping *mapping, HeapTuple key_of)
{
	MemoryContext caller = CurrentMemoryContext;
	OwnerSession session;
	HeapTuple	row = NULL;
	Oid			types[KEY_MAX_COLUMNS];
	Datum		values[KEY_MAX_COLUMNS];
	char		nulls[KEY_MAX_COLUMNS];
	Datum		where[3];
	RowPlaces	place = {&where[0], &where[1], &where[2], 1};
	bool		as_read;

	CheckOwnerHas(rel, ACL_SELECT, "SELECT");
	CheckOwnerSeesAllRows(rel);
	OwnerEnter(rel->rd_rel->relowner, &session);
	for (int i = 0; i < mapping->key_count; i++)
	{
		bool		isnull;

		values[i] = heap_getattr(key_of, mapping->key[i], RelationGetDescr(rel), &isnull);
		nulls[i] = isnull ? 'n' : ' ';
	}
	if (SPI_execute_with_args(RowByKeyQuery(rel, mapping, types), mapping->key_count, types,
							  values, nulls, false, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not read a tracked row");
	if (SPI_processed > 0)
		row = FoundRow(caller, where);
	OwnerLeave(&session);
	/* a type may take other bytes for equal */
	if (row == NULL || strcmp(MappingKey(mapping, row, RelationGetDescr(rel)),
							  MappingKey(mapping, key_of, RelationGetDescr(rel))) != 0)
		return NULL;
	TrackedRowsLock(rel, &place, &as_read);
	if (!as_read)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_IN_USE),
				 errmsg("row is locked or has changed since it was read"),
				 errhint("Try again when the other transaction has ended.")));
	return row;
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
	ReadTrackedRows((ReturnSetInfo *) fcinfo->resultinfo, readings, rel, &ledger);
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
