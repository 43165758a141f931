/*
 * predecessors.c
 *		Whose evidence of broken promises an actor or customer carries.
 *
 * A cache per backend holds the direct successions.  Most ledgers have few, while the
 * governance entries from which they result can be many.
 */
#include "postgres.h"

#include "analysis/predecessors.h"

#include "catalog/pg_type_d.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "base/statement.h"
#include "ledger/ledger.h"

/* The actors or customers that were registered with the same thing, one after the other. */
#define IN_TURN(key, thing, registrations) \
	"SELECT " key " AS successor," \
	"  pg_catalog.lag(" key ") OVER (PARTITION BY " thing " ORDER BY r.seq) AS predecessor," \
	"  r.recorded_at AS since" \
	" FROM trust.entry r" \
	" WHERE r.customer OPERATOR(pg_catalog.=) ''" \
	"   AND r.event OPERATOR(pg_catalog.=) 'actor_registered'" \
	"   AND " registrations

#define LOGIN "r.details OPERATOR(pg_catalog.->>) 'db_role'"
#define SPEAKS_FOR_CUSTOMER_KEY "r.details OPERATOR(pg_catalog.->>) 'customer'"

#define SUCCESSIONS(from) \
	"SELECT s.successor, s.predecessor, pg_catalog.min(s.since) FROM (" from ") AS s" \
	" WHERE s.successor IS NOT NULL AND s.predecessor IS NOT NULL" \
	"   AND s.successor OPERATOR(pg_catalog.<>) s.predecessor" \
	" GROUP BY s.successor, s.predecessor" \
	" ORDER BY s.successor COLLATE pg_catalog.\"C\""

static Statement read_actors = STATEMENT_WITHOUT_ARGS(SUCCESSIONS(
	IN_TURN("r.subject", LOGIN, LOGIN " IS NOT NULL")
	" UNION ALL"
	" SELECT r.details OPERATOR(pg_catalog.->>) 'successor', r.subject, r.recorded_at"
	" FROM trust.entry r"
	" WHERE r.customer OPERATOR(pg_catalog.=) ''"
	"   AND r.event OPERATOR(pg_catalog.=) 'actor_retired'"));

static Statement read_customers = STATEMENT_WITHOUT_ARGS(SUCCESSIONS(
	IN_TURN(SPEAKS_FOR_CUSTOMER_KEY, "r.subject", SPEAKS_FOR_CUSTOMER_KEY " IS NOT NULL")
	" UNION ALL "
	IN_TURN(SPEAKS_FOR_CUSTOMER_KEY, LOGIN,
			SPEAKS_FOR_CUSTOMER_KEY " IS NOT NULL AND " LOGIN " IS NOT NULL")));

/* A direct succession. */
typedef struct Succession
{
	char	   *successor;
	char	   *predecessor;
	TimestampTz since;
} Succession;

struct Successions
{
	uint64		count;
	Succession *list;			/* sorted by successor */
};

/*
 * As with actors, relcache invalidations make the cache stale, and are processed again on
 * abort.  A nested call may replace it, so nothing is called while it is used, and callers
 * get copies.
 */
static MemoryContext cache = NULL;
static bool cache_stale = false;
static Successions of_actors;
static Successions of_customers;

static void
ForgetSuccessions(void)
{
	cache_stale = true;
}

static Successions
ReadSuccessions(Statement *statement, MemoryContext context)
{
	Successions read;
	MemoryContext previous;

	read.count = StatementReadLatest(statement, NULL, NULL, LedgerRelation("entry"));
	previous = MemoryContextSwitchTo(context);
	read.list = MemoryContextAllocHuge(context, sizeof(Succession) * Max(read.count, 1));
	for (uint64 i = 0; i < read.count; i++)
		read.list[i] = (Succession) {
			ResultTextNotNull(i, 1), ResultTextNotNull(i, 2),
			DatumGetTimestampTz(ResultNotNull(i, 3, TIMESTAMPTZOID))
		};
	MemoryContextSwitchTo(previous);
	return read;
}

static void
LoadSuccessions(void)
{
	MemoryContext fresh;
	MemoryContext replaced;
	Successions actors;
	Successions customers;
	uint64		seen = LedgerGeneration();

	if (cache != NULL && !cache_stale)
		return;
	LedgerWatch(LedgerRelation("actor"), ForgetSuccessions);
	fresh = AllocSetContextCreate(CurrentMemoryContext, "trust_ledger successions",
								  ALLOCSET_SMALL_SIZES);
	actors = ReadSuccessions(&read_actors, fresh);
	customers = ReadSuccessions(&read_customers, fresh);
	MemoryContextSetParent(fresh, TopMemoryContext);
	replaced = cache;			/* a nested call may have replaced it */
	cache = fresh;
	of_actors = actors;
	of_customers = customers;
	cache_stale = seen != LedgerGeneration();
	if (replaced)
		MemoryContextDelete(replaced);
}

/* Valid until something else is called.  NULL if keys of that grouping succeed no other. */
static const Successions *
CachedSuccessions(Grouping by)
{
	if (by != BY_CUSTOMER && by != BY_PROMISER && by != BY_BACKER)
		return NULL;
	LoadSuccessions();
	return by == BY_CUSTOMER ? &of_customers : &of_actors;
}

const Successions *
SuccessionsBy(Grouping by)
{
	const Successions *cached = CachedSuccessions(by);
	Successions *copy;

	if (cached == NULL || cached->count == 0)
		return NULL;
	copy = palloc(sizeof(Successions));
	copy->count = cached->count;
	copy->list = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(Succession) * copy->count);
	for (uint64 i = 0; i < copy->count; i++)
		copy->list[i] = (Succession) {
			pstrdup(cached->list[i].successor), pstrdup(cached->list[i].predecessor),
			cached->list[i].since
		};
	return copy;
}

Predecessor *
FindPredecessor(const List *predecessors, const char *key)
{
	const ListCell *cell;

	foreach(cell, predecessors)
	{
		Predecessor *predecessor = lfirst(cell);

		if (strcmp(predecessor->key, key) == 0)
			return predecessor;
	}
	return NULL;
}

/* The first succession whose successor does not sort before the key. */
static uint64
FirstSuccession(const Successions *successions, const char *key)
{
	uint64		from = 0;
	uint64		until = successions->count;

	while (from < until)
	{
		uint64		middle = from + (until - from) / 2;

		if (strcmp(successions->list[middle].successor, key) < 0)
			from = middle + 1;
		else
			until = middle;
	}
	return from;
}

typedef struct PredecessorSearch
{
	const Successions *successions;
	const char *key;			/* the successor of all that is found */
	TimestampTz known_at;
	List	   *found;
} PredecessorSearch;

/* Adds the predecessors of that key, which precedes the one asked for since an instant. */
static void
SearchPredecessors(PredecessorSearch *search, const char *of, TimestampTz since)
{
	const Successions *successions = search->successions;

	check_stack_depth();
	for (uint64 i = FirstSuccession(successions, of);
		 i < successions->count && strcmp(successions->list[i].successor, of) == 0; i++)
	{
		const Succession *succession = &successions->list[i];
		TimestampTz from = Max(since, succession->since);
		Predecessor *predecessor;

		if (from > search->known_at || strcmp(succession->predecessor, search->key) == 0)
			continue;
		predecessor = FindPredecessor(search->found, succession->predecessor);
		if (predecessor && predecessor->since <= from)
			continue;
		if (predecessor == NULL)
		{
			predecessor = palloc(sizeof(Predecessor));
			predecessor->key = pstrdup(succession->predecessor);
			search->found = lappend(search->found, predecessor);
		}
		predecessor->since = from;	/* the earliest of the ways that lead to it */
		SearchPredecessors(search, succession->predecessor, from);
	}
}

List *
PredecessorsAmong(const Successions *successions, const char *key, TimestampTz known_at)
{
	PredecessorSearch search = {
		.successions = successions, .key = key, .known_at = known_at
	};

	if (successions)
		SearchPredecessors(&search, key, DT_NOBEGIN);
	return search.found;
}

List *
PredecessorsOf(Grouping by, const char *key, TimestampTz known_at)
{
	return PredecessorsAmong(CachedSuccessions(by), key, known_at);
}

List *
PredecessorKeys(const Successions *successions, const char *key)
{
	List	   *keys = NIL;
	const ListCell *cell;

	if (successions && key == NULL)
		for (uint64 i = 0; i < successions->count; i++)
			keys = lappend(keys, successions->list[i].predecessor);
	foreach(cell, key ? PredecessorsAmong(successions, key, DT_NOEND) : NIL)
		keys = lappend(keys, ((Predecessor *) lfirst(cell))->key);
	return keys;
}
