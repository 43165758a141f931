/*
 * verify_parallel.c
 *		Verifying with the help of other processes.
 *
 * Customers are independent of each other: each process takes the next interval
 * of customers that nobody has.  What they find comes back in the order of
 * customers all the same.
 */
#include "postgres.h"

#include "verify/verify_parallel.h"

#include "access/parallel.h"
#include "access/xact.h"
#include "catalog/pg_type_d.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "optimizer/cost.h"
#include "port/atomics.h"
#include "storage/proc.h"
#include "storage/shm_mq.h"
#include "storage/spin.h"
#include "utils/builtins.h"

#include "base/statement.h"
#include "ledger/row_tally.h"

extern PGDLLEXPORT void VerifyInWorker(dsm_segment *segment, shm_toc *toc);

/* So few customers need no help. */
#define CUSTOMERS_ALONE 1000

/* What the processes share. */
typedef struct Shared
{
	pg_uuid_t	ledger;
	pg_atomic_uint32 next;		/* the interval that nobody has yet */
	slock_t		mutex;
	Period		period;
	int			intervals;
	char		first[FLEXIBLE_ARRAY_MEMBER];	/* their first customers, but for the first */
} Shared;

enum
{
	KEY_SHARED = 1,
	KEY_QUEUES
};

#define QUEUE_SIZE 65536

/* ---- intervals of customers ---- */

static const Column customer_column[] = {{"customer", TEXTOID}};
static const RowShape customer_shape = {"chain", customer_column, 1};

/* Every other one is too many. */
static void
Thin(char **marks, int *count)
{
	for (int i = 0; i < *count; i++)
	{
		if (i % 2 == 0)
			pfree(marks[i]);
		else
			marks[i / 2] = marks[i];
	}
	*count /= 2;
}

/* About as many customers in each; how many there are need not be known before. */
Intervals
FindIntervals(void)
{
	Intervals	intervals = {.count = 1};
	char	   *marks[INTERVALS];
	int			count = 0;
	int64		distance = CUSTOMERS_ALONE / 2;
	int64		customers = 0;
	Reader		reader;

	for (ReaderOpen(&reader, &customer_shape, NULL, NULL, &(Customers) {0}); reader.row; ReaderNext(&reader))
	{
		if (++customers % distance != 0)
			continue;
		if (RowIsNull(reader.row, 0))
			RowWithoutKey(customer_shape.table);
		marks[count++] = RowText(reader.row, 0);
		if (count == INTERVALS - 1)
		{
			Thin(marks, &count);
			distance *= 2;
		}
	}
	ReaderClose(&reader);
	for (int i = 0; customers >= CUSTOMERS_ALONE && i < count; i++)
		intervals.first[intervals.count++] = marks[i];
	return intervals;
}

/* Rows without a customer are in no interval; there are none, unless the tables were tampered with. */
static void
RefuseRowsWithoutKey(void)
{
	static Statement find_rows_without_key = STATEMENT_WITHOUT_ARGS(
		"SELECT tab FROM (VALUES ('entry', EXISTS (SELECT FROM trust.entry WHERE customer IS NULL)),"
		" ('promise', EXISTS (SELECT FROM trust.promise WHERE customer IS NULL)),"
		" ('source', EXISTS (SELECT FROM trust.source WHERE customer IS NULL)),"
		" ('chain', EXISTS (SELECT FROM trust.chain WHERE customer IS NULL))) AS found (tab, is_there) WHERE is_there");

	if (StatementRead(&find_rows_without_key, NULL, NULL) > 0)
		RowWithoutKey(ResultNeededText(0, 1));
}

void
AddPeriod(Period *period, const ChainCheck *v)
{
	for (int i = 0; i < TALLIED_TABLES; i++)
		TallyAdd(&period->tallies[i], &v->tallies[i]);
	if (v->entries_read == 0)
		return;
	period->first = period->entries == 0 ? v->first : Min(period->first, v->first);
	period->last = period->entries == 0 ? v->last : Max(period->last, v->last);
	period->entries += v->entries_read;
}

static void
AddSharedPeriod(Shared *shared, const ChainCheck *v)
{
	SpinLockAcquire(&shared->mutex);
	AddPeriod(&shared->period, v);
	SpinLockRelease(&shared->mutex);
}

/* The next interval that nobody has; false where there is none. */
static bool
TakeInterval(Shared *shared, int *interval, Customers *customers)
{
	const char *bound = shared->first;

	*interval = pg_atomic_fetch_add_u32(&shared->next, 1);
	if (*interval >= shared->intervals)
		return false;
	memset(customers, 0, sizeof(Customers));
	for (int i = 1; i < shared->intervals; i++, bound += strlen(bound) + 1)
	{
		if (i == *interval)
			customers->from = bound;
		if (i == *interval + 1)
			customers->before = bound;
	}
	return true;
}

/* ---- a worker ---- */

static TupleDesc
FindingsTupleDesc(void)
{
	static const Column columns[] = {
		{"part", TEXTOID}, {"customer", TEXTOID}, {"seq", INT8OID}, {"promise", UUIDOID},
		{"subject", TEXTOID}, {"field", TEXTOID}, {"problem", TEXTOID}
	};
	TupleDesc	tupdesc = CreateTemplateTupleDesc(lengthof(columns));

	for (size_t i = 0; i < lengthof(columns); i++)
		TupleDescInitEntry(tupdesc, i + 1, columns[i].name, columns[i].type, -1, 0);
	return tupdesc;
}

/* Each finding with its interval before it. */
static void
SendFindings(shm_mq_handle *queue, Findings *findings, int64 interval)
{
	TupleTableSlot *slot = MakeSingleTupleTableSlot(findings->tupdesc, &TTSOpsMinimalTuple);

	while (tuplestore_gettupleslot(findings->store, true, false, slot))
	{
		MinimalTuple tuple = ExecFetchSlotMinimalTuple(slot, NULL);
		shm_mq_iovec parts[] = {{(char *) &interval, sizeof(interval)}, {(char *) tuple, tuple->t_len}};

		if (shm_mq_sendv(queue, parts, lengthof(parts), false, true) != SHM_MQ_SUCCESS)
			break;				/* nobody listens any more */
	}
	ExecDropSingleTupleTableSlot(slot);
	tuplestore_clear(findings->store);
}

void
VerifyInWorker(dsm_segment *segment, shm_toc *toc)
{
	Shared	   *shared = shm_toc_lookup(toc, KEY_SHARED, false);
	shm_mq	   *queue = (shm_mq *) ((char *) shm_toc_lookup(toc, KEY_QUEUES, false) + ParallelWorkerNumber * QUEUE_SIZE);
	shm_mq_handle *handle;
	ChainCheck v = {.ledger = shared->ledger};
	Customers	customers;
	int			interval;

	shm_mq_set_sender(queue, MyProc);
	handle = shm_mq_attach(queue, segment, NULL);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	v.findings.tupdesc = FindingsTupleDesc();
	v.findings.store = tuplestore_begin_heap(false, false, work_mem);
	while (TakeInterval(shared, &interval, &customers))
	{
		VerifyAll(&v, &customers);
		SendFindings(handle, &v.findings, interval);
	}
	AddSharedPeriod(shared, &v);
	if (SPI_finish() != SPI_OK_FINISH)
		elog(ERROR, "SPI_finish failed");
	shm_mq_detach(handle);
}

/* ---- who asked ---- */

typedef struct ParallelVerification
{
	ParallelContext *context;
	Shared	   *shared;
	shm_mq_handle **queues;		/* one per worker; NULL: it has sent all */
	Tuplestorestate *stores[INTERVALS]; /* what was found, by interval; NULL: nothing */
	TupleTableSlot *slot;
	TupleDesc	tupdesc;
} ParallelVerification;

static Tuplestorestate *
StoreOf(ParallelVerification *parallel, int64 interval)
{
	if (parallel->stores[interval] == NULL)
		parallel->stores[interval] = tuplestore_begin_heap(false, false, work_mem);
	return parallel->stores[interval];
}

/* Takes in what one worker has sent; waits for the last of it, unless told not to. */
static void
Receive(ParallelVerification *parallel, int worker, bool nowait)
{
	shm_mq_result result;
	Size		size;
	void	   *message;

	while ((result = shm_mq_receive(parallel->queues[worker], &size, &message, nowait)) == SHM_MQ_SUCCESS)
	{
		int64		interval = *(int64 *) message;

		ExecStoreMinimalTuple((MinimalTuple) ((char *) message + sizeof(int64)), parallel->slot, false);
		tuplestore_puttupleslot(StoreOf(parallel, interval), parallel->slot);
		ExecClearTuple(parallel->slot);
	}
	if (result == SHM_MQ_DETACHED)
		parallel->queues[worker] = NULL;
}

static void
ReceiveAll(ParallelVerification *parallel, bool nowait)
{
	for (int i = 0; i < parallel->context->nworkers_launched; i++)
		if (parallel->queues[i])
			Receive(parallel, i, nowait);
}

static Size
BoundsSize(const Intervals *intervals)
{
	Size		size = 0;

	for (int i = 1; i < intervals->count; i++)
		size += strlen(intervals->first[i]) + 1;
	return size;
}

static void
Share(ParallelVerification *parallel, const pg_uuid_t *ledger, const Intervals *intervals)
{
	Shared	   *shared = shm_toc_allocate(parallel->context->toc, offsetof(Shared, first) + BoundsSize(intervals));
	char	   *bound = shared->first;

	shared->ledger = *ledger;
	pg_atomic_init_u32(&shared->next, 0);
	SpinLockInit(&shared->mutex);
	memset(&shared->period, 0, sizeof(Period));
	shared->intervals = intervals->count;
	for (int i = 1; i < intervals->count; i++)
		bound = stpcpy(bound, intervals->first[i]) + 1;
	shm_toc_insert(parallel->context->toc, KEY_SHARED, shared);
	parallel->shared = shared;
}

static void
MakeQueues(ParallelVerification *parallel)
{
	int			workers = parallel->context->nworkers;
	char	   *space = shm_toc_allocate(parallel->context->toc, mul_size(QUEUE_SIZE, workers));

	parallel->queues = palloc0(sizeof(shm_mq_handle *) * workers);
	for (int i = 0; i < workers; i++)
	{
		shm_mq	   *queue = shm_mq_create(space + i * QUEUE_SIZE, QUEUE_SIZE);

		shm_mq_set_receiver(queue, MyProc);
		parallel->queues[i] = shm_mq_attach(queue, parallel->context->seg, NULL);
	}
	shm_toc_insert(parallel->context->toc, KEY_QUEUES, space);
}

static void
Launch(ParallelVerification *parallel, const pg_uuid_t *ledger, const Intervals *intervals, int workers)
{
	ParallelContext *context = CreateParallelContext("$libdir/trust_ledger", "VerifyInWorker", workers);

	parallel->context = context;
	shm_toc_estimate_chunk(&context->estimator, offsetof(Shared, first) + BoundsSize(intervals));
	shm_toc_estimate_chunk(&context->estimator, mul_size(QUEUE_SIZE, workers));
	shm_toc_estimate_keys(&context->estimator, 2);
	InitializeParallelDSM(context);
	Share(parallel, ledger, intervals);
	MakeQueues(parallel);
	LaunchParallelWorkers(context);
	for (int i = 0; i < context->nworkers_launched; i++)
		shm_mq_set_handle(parallel->queues[i], context->worker[i].bgwhandle);
}

/* What was found, in the order of intervals, into the result. */
static void
Collect(ParallelVerification *parallel, Findings *findings)
{
	for (int i = 0; i < INTERVALS; i++)
	{
		while (parallel->stores[i] && tuplestore_gettupleslot(parallel->stores[i], true, false, parallel->slot))
		{
			tuplestore_puttupleslot(findings->store, parallel->slot);
			findings->count++;
		}
		if (parallel->stores[i])
			tuplestore_end(parallel->stores[i]);
	}
}

/* Our own part, between looks at what the workers found: they wait where their queues are full. */
static void
VerifyBesideWorkers(ParallelVerification *parallel)
{
	ChainCheck v = {.ledger = parallel->shared->ledger};
	Customers	customers;
	int			interval;

	v.findings.tupdesc = parallel->tupdesc;
	while (TakeInterval(parallel->shared, &interval, &customers))
	{
		v.findings.store = StoreOf(parallel, interval);
		VerifyAll(&v, &customers);
		ReceiveAll(parallel, true);
	}
	ReceiveAll(parallel, false);
	AddSharedPeriod(parallel->shared, &v);
}

/* All customers, the digest, and what tables hold, with the help of as many workers as are free, of those allowed. */
void
VerifyParallel(ChainCheck *v, const Intervals *intervals, Digest *digest, Period *period, RowTally *held)
{
	ParallelVerification		parallel = {.tupdesc = v->findings.tupdesc};

	RefuseRowsWithoutKey();
	parallel.slot = MakeSingleTupleTableSlot(parallel.tupdesc, &TTSOpsMinimalTuple);
	EnterParallelMode();
	Launch(&parallel, &v->ledger, intervals, max_parallel_workers_per_gather);
	DigestRead(digest, &v->ledger);
	TallyTables(held);
	VerifyBesideWorkers(&parallel);
	WaitForParallelWorkersToFinish(parallel.context);
	*period = parallel.shared->period;
	Collect(&parallel, &v->findings);
	DestroyParallelContext(parallel.context);
	ExitParallelMode();
	ExecDropSingleTupleTableSlot(parallel.slot);
}
