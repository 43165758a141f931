/*
 * entry_exceptions.c
 *		Exceptions for which entries must be read.
 *
 * The statements return the columns of view trust.exception.  They read large tables
 * completely, so they are planned each time.
 */
#include "postgres.h"

#include "analysis/entry_exceptions.h"

#include "executor/spi.h"
#include "utils/tuplestore.h"

#include "base/row.h"

/* unconfirmed names only the last such entry; this shows the earlier ones, too. */
static const char *const unconfirmed =
"SELECT 'unconfirmed'::pg_catalog.text, e.recorded_at, p.customer, p.promise, e.actor,"
" p.promiser, p.kind, p.state,"
" pg_catalog.format('entry %s (%s) waits for confirmation by the customer or a system of record',"
"   e.seq, pg_catalog.concat_ws(' ', e.event, e.verdict))"
" FROM trust.promise p"
" JOIN trust.entry e"
"   ON e.customer OPERATOR(pg_catalog.=) p.customer"
"   AND e.promise OPERATOR(pg_catalog.=) p.promise"
"   AND (e.relayed OR e.event OPERATOR(pg_catalog.=) 'breach_repaired' AND NOT e.stands)"
" WHERE p.unconfirmed IS NOT NULL"
"   AND NOT EXISTS ("
"     SELECT FROM trust.entry o"
"     WHERE o.customer OPERATOR(pg_catalog.=) e.customer"
"       AND o.promise OPERATOR(pg_catalog.=) e.promise"
"       AND o.seq OPERATOR(pg_catalog.>) e.seq"
"       AND o.speaks_for OPERATOR(pg_catalog.<>) 'company'"
"       AND o.event OPERATOR(pg_catalog.=) ANY"
"         ('{accepted,amended,assessed,released,breach_repaired}'::pg_catalog.text[])"
"       AND o.stands IS NOT FALSE)";

static const char *const row_deleted =
"SELECT 'row_deleted'::pg_catalog.text, e.recorded_at, p.customer, p.promise, s.source,"
" p.promiser, p.kind, p.state,"
" pg_catalog.format('its row %s%s was deleted, and it has not ended', s.key,"
"   CASE WHEN s.name OPERATOR(pg_catalog.<>) '' THEN pg_catalog.format(' (%s)', s.name) END)"
" FROM trust.source s"
" JOIN trust.promise p"
"   ON p.customer OPERATOR(pg_catalog.=) s.customer"
"   AND p.promise OPERATOR(pg_catalog.=) s.promise"
" JOIN trust.entry e"
"   ON e.customer OPERATOR(pg_catalog.=) s.customer"
"   AND e.seq OPERATOR(pg_catalog.=) s.seq"
" WHERE s.gone"
"   AND p.state OPERATOR(pg_catalog.=) ANY ('{proposed,open}'::pg_catalog.text[])"
"   AND e.details OPERATOR(pg_catalog.->>) 'row' OPERATOR(pg_catalog.=) 'deleted'";

/* The condition with max() is a quick one: most entries are later than every registration. */
static const char *const clock_set_back =
"SELECT 'clock_set_back'::pg_catalog.text, e.recorded_at, e.customer, e.promise, e.actor,"
" p.promiser, p.kind, p.state,"
" pg_catalog.format('entry %s was recorded at %s, before entry %s of governance, to which it"
" refers, at %s', e.seq, e.recorded_at, g.seq, g.recorded_at)"
" FROM trust.entry e"
" JOIN trust.entry g"
"   ON g.customer OPERATOR(pg_catalog.=) ''"
"   AND g.seq OPERATOR(pg_catalog.=) e.actor_seq"
"   AND e.recorded_at OPERATOR(pg_catalog.<)"
"     (g.recorded_at OPERATOR(pg_catalog.-) '1 minute'::pg_catalog.interval)"
" LEFT JOIN LATERAL ("
"   SELECT o.promiser, o.kind, o.state"
"   FROM trust.promise o"
"   WHERE o.customer OPERATOR(pg_catalog.=) e.customer"
"     AND o.promise OPERATOR(pg_catalog.=) e.promise"
"   LIMIT 1) p ON true"
" WHERE e.recorded_at OPERATOR(pg_catalog.<) ("
"   SELECT pg_catalog.max(a.recorded_at) OPERATOR(pg_catalog.-) '1 minute'::pg_catalog.interval"
"   FROM trust.entry a"
"   WHERE a.customer OPERATOR(pg_catalog.=) '' AND pg_catalog.starts_with(a.event, 'actor_'))";

/* The tables may have been altered. */
static void
CheckTypes(TupleDesc wanted, TupleDesc found)
{
	for (int i = 0; i < wanted->natts; i++)
		if (TupleDescAttr(wanted, i)->atttypid != TupleDescAttr(found, i)->atttypid)
			WrongType(NameStr(TupleDescAttr(wanted, i)->attname));
}

static void
PutRows(const ExceptionScan *scan, const char *sql)
{
	SPIExecuteOptions options = {.read_only = true};

	if (SPI_execute_extended(sql, &options) < 0)
		elog(ERROR, "SPI_execute failed: %s", SPI_result_code_string(SPI_result));
	CheckTypes(scan->result->setDesc, SPI_tuptable->tupdesc);
	for (uint64 i = 0; i < SPI_processed; i++)
		tuplestore_puttuple(scan->result->setResult, SPI_tuptable->vals[i]);
	SPI_freetuptable(SPI_tuptable);
}

void
PutEntryExceptions(const ExceptionScan *scan, bool has_unconfirmed)
{
	if (has_unconfirmed)
		PutRows(scan, unconfirmed);
	PutRows(scan, row_deleted);
	PutRows(scan, clock_set_back);
}
