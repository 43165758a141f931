/*
 * verify_parallel.c
 *		Checking all customers with parallel workers.
 *
 * Each process repeatedly takes the next range of customers that no other process
 * has taken.  Workers send their findings through queues, and the leader returns
 * them in the order of customers.
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

/* With fewer customers, starting workers costs more than it saves. */
#define MIN_PARALLEL_CUSTOMERS 1000

/* In dynamic shared memory */
typedef struct Shared
{
	pg_uuid_t	ledger;
	pg_atomic_uint32 next;		/* the next range to take */
	slock_t		mutex;			/* protects totals */
	VerifyTotals totals;
	int			ranges;
	char		first[FLEXIBLE_ARRAY_MEMBER];	/* CustomerRanges.first without the first one, as
												 * strings one after the other */
} Shared;

enum
{
	KEY_SHARED = 1,
	KEY_QUEUES
};

#define QUEUE_SIZE 65536

static const Column customer_column[] = {{"customer", TEXTOID}};
static const RowShape customer_shape = {"chain", customer_column, 1};

/* Keeps the second, fourth, ... mark. */
static void
DropEverySecond(char **marks, int *count)
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

/* Does not count customers first.  Doubles the distance when there are too many marks. */
CustomerRanges
FindCustomerRanges(void)
{
	CustomerRanges ranges = {.count = 1};
	char	   *marks[MAX_RANGES];
	int			count = 0;
	int64		distance = MIN_PARALLEL_CUSTOMERS / 2;
	int64		customers = 0;
	Reader		reader;

	ReaderOpen(&reader, &customer_shape, NULL, NULL, &(Customers) {0});
	for (; reader.row; ReaderNext(&reader))
	{
		if (++customers % distance != 0)
			continue;
		if (RowIsNull(reader.row, 0))
			RowWithoutKey(customer_shape.table);
		marks[count++] = RowText(reader.row, 0);
		if (count == MAX_RANGES - 1)
		{
			DropEverySecond(marks, &count);
			distance *= 2;
		}
	}
	ReaderClose(&reader);
	for (int i = 0; customers >= MIN_PARALLEL_CUSTOMERS && i < count; i++)
		ranges.first[ranges.count++] = marks[i];
	return ranges;
}

/* Rows without a customer are in no range.  They exist only if NOT NULL was dropped. */
static void
RefuseRowsWithoutKey(void)
{
	static Statement find_rows_without_key = STATEMENT_WITHOUT_ARGS(
		"SELECT tab"
		" FROM (VALUES"
		"     ('entry', EXISTS (SELECT FROM trust.entry WHERE customer IS NULL)),"
		"     ('promise', EXISTS (SELECT FROM trust.promise WHERE customer IS NULL)),"
		"     ('source', EXISTS (SELECT FROM trust.source WHERE customer IS NULL)),"
		"     ('chain', EXISTS (SELECT FROM trust.chain WHERE customer IS NULL))"
		"   ) AS found (tab, has_rows)"
		" WHERE has_rows");

	if (StatementRead(&find_rows_without_key, NULL, NULL) > 0)
		RowWithoutKey(ResultTextNotNull(0, 1));
}

void
AddToTotals(VerifyTotals *totals, const ChainCheck *check)
{
	for (int i = 0; i < TALLIED_TABLES; i++)
		TallyAdd(&totals->tallies[i], &check->tallies[i]);
	if (check->entries_read == 0)
		return;
	totals->first = totals->entries == 0 ? check->first : Min(totals->first, check->first);
	totals->last = totals->entries == 0 ? check->last : Max(totals->last, check->last);
	totals->entries += check->entries_read;
}

static void
AddToSharedTotals(Shared *shared, const ChainCheck *check)
{
	SpinLockAcquire(&shared->mutex);
	AddToTotals(&shared->totals, check);
	SpinLockRelease(&shared->mutex);
}

/* Takes the next range.  Returns false if there are no more. */
static bool
TakeRange(Shared *shared, int *range, Customers *customers)
{
	const char *bound = shared->first;

	*range = pg_atomic_fetch_add_u32(&shared->next, 1);
	if (*range >= shared->ranges)
		return false;
	memset(customers, 0, sizeof(Customers));
	for (int i = 1; i < shared->ranges; i++, bound += strlen(bound) + 1)
	{
		if (i == *range)
			customers->from = bound;
		if (i == *range + 1)
			customers->before = bound;
	}
	return true;
}

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

/* Each message is the range's number (int64) and a tuple. */
static void
SendFindings(shm_mq_handle *queue, Findings *findings, int64 range)
{
	TupleTableSlot *slot = MakeSingleTupleTableSlot(findings->tupdesc, &TTSOpsMinimalTuple);

	while (tuplestore_gettupleslot(findings->store, true, false, slot))
	{
		MinimalTuple tuple = ExecFetchSlotMinimalTuple(slot, NULL);
		shm_mq_iovec parts[] = {
			{(char *) &range, sizeof(range)}, {(char *) tuple, tuple->t_len}
		};

		if (shm_mq_sendv(queue, parts, lengthof(parts), false, true) != SHM_MQ_SUCCESS)
			break;				/* the leader has detached */
	}
	ExecDropSingleTupleTableSlot(slot);
	tuplestore_clear(findings->store);
}

void
VerifyInWorker(dsm_segment *segment, shm_toc *toc)
{
	Shared	   *shared = shm_toc_lookup(toc, KEY_SHARED, false);
	char	   *queues = shm_toc_lookup(toc, KEY_QUEUES, false);
	shm_mq	   *queue = (shm_mq *) (queues + ParallelWorkerNumber * QUEUE_SIZE);
	shm_mq_handle *handle;
	ChainCheck	check = {.ledger = shared->ledger};
	Customers	customers;
	int			range;

	shm_mq_set_sender(queue, MyProc);
	handle = shm_mq_attach(queue, segment, NULL);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	check.findings.tupdesc = FindingsTupleDesc();
	check.findings.store = tuplestore_begin_heap(false, false, work_mem);
	while (TakeRange(shared, &range, &customers))
	{
		CheckCustomers(&check, &customers);
		SendFindings(handle, &check.findings, range);
	}
	AddToSharedTotals(shared, &check);
	if (SPI_finish() != SPI_OK_FINISH)
		elog(ERROR, "SPI_finish failed");
	shm_mq_detach(handle);
}

typedef struct ParallelVerification
{
	ParallelContext *context;
	Shared	   *shared;
	shm_mq_handle **queues;		/* one per worker; NULL: it has finished */
	Tuplestorestate *stores[MAX_RANGES];	/* findings per range; NULL: none */
	TupleTableSlot *slot;
	TupleDesc	tupdesc;
} ParallelVerification;

static Tuplestorestate *
RangeStore(ParallelVerification *parallel, int64 range)
{
	if (parallel->stores[range] == NULL)
		parallel->stores[range] = tuplestore_begin_heap(false, false, work_mem);
	return parallel->stores[range];
}

/* Receives findings from a worker: those that are in the queue, or all if not nowait. */
static void
Receive(ParallelVerification *parallel, int worker, bool nowait)
{
	shm_mq_result result;
	Size		size;
	void	   *message;

	while ((result = shm_mq_receive(parallel->queues[worker], &size, &message,
									nowait)) == SHM_MQ_SUCCESS)
	{
		int64		range = *(int64 *) message;
		MinimalTuple tuple = (MinimalTuple) ((char *) message + sizeof(int64));

		ExecStoreMinimalTuple(tuple, parallel->slot, false);
		tuplestore_puttupleslot(RangeStore(parallel, range), parallel->slot);
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
BoundsSize(const CustomerRanges *ranges)
{
	Size		size = 0;

	for (int i = 1; i < ranges->count; i++)
		size += strlen(ranges->first[i]) + 1;
	return size;
}

static void
InitShared(ParallelVerification *parallel, const pg_uuid_t *ledger, const CustomerRanges *ranges)
{
	Shared	   *shared = shm_toc_allocate(parallel->context->toc,
										  offsetof(Shared, first) + BoundsSize(ranges));
	char	   *bound = shared->first;

	shared->ledger = *ledger;
	pg_atomic_init_u32(&shared->next, 0);
	SpinLockInit(&shared->mutex);
	memset(&shared->totals, 0, sizeof(VerifyTotals));
	shared->ranges = ranges->count;
	for (int i = 1; i < ranges->count; i++)
		bound = stpcpy(bound, ranges->first[i]) + 1;
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
Launch(ParallelVerification *parallel, const pg_uuid_t *ledger, const CustomerRanges *ranges,
	   int workers)
{
	ParallelContext *context = CreateParallelContext("$libdir/trust_ledger", "VerifyInWorker",
													 workers);

	parallel->context = context;
	shm_toc_estimate_chunk(&context->estimator, offsetof(Shared, first) + BoundsSize(ranges));
	shm_toc_estimate_chunk(&context->estimator, mul_size(QUEUE_SIZE, workers));
	shm_toc_estimate_keys(&context->estimator, 2);
	InitializeParallelDSM(context);
	InitShared(parallel, ledger, ranges);
	MakeQueues(parallel);
	LaunchParallelWorkers(context);
	for (int i = 0; i < context->nworkers_launched; i++)
		shm_mq_set_handle(parallel->queues[i], context->worker[i].bgwhandle);
}

/* Moves the findings into the result, in the order of the ranges. */
static void
CollectFindings(ParallelVerification *parallel, Findings *findings)
{
	for (int i = 0; i < MAX_RANGES; i++)
	{
		Tuplestorestate *store = parallel->stores[i];

		if (store == NULL)
			continue;
		while (tuplestore_gettupleslot(store, true, false, parallel->slot))
		{
			tuplestore_puttupleslot(findings->store, parallel->slot);
			findings->count++;
		}
		tuplestore_end(store);
	}
}

/* Takes ranges as workers do.  Empties their queues in between, because they wait when full. */
static void
VerifyInLeader(ParallelVerification *parallel)
{
	ChainCheck	check = {.ledger = parallel->shared->ledger};
	Customers	customers;
	int			range;

	check.findings.tupdesc = parallel->tupdesc;
	while (TakeRange(parallel->shared, &range, &customers))
	{
		check.findings.store = RangeStore(parallel, range);
		CheckCustomers(&check, &customers);
		ReceiveAll(parallel, true);
	}
	ReceiveAll(parallel, false);
	AddToSharedTotals(parallel->shared, &check);
}

void
VerifyParallel(ChainCheck *check, const CustomerRanges *ranges, Digest *digest,
			   VerifyTotals *totals, RowTally *contained)
{
	ParallelVerification parallel = {.tupdesc = check->findings.tupdesc};

	RefuseRowsWithoutKey();
	parallel.slot = MakeSingleTupleTableSlot(parallel.tupdesc, &TTSOpsMinimalTuple);
	EnterParallelMode();
	Launch(&parallel, &check->ledger, ranges, max_parallel_workers_per_gather);
	DigestRead(digest, &check->ledger);
	TallyTables(contained);
	VerifyInLeader(&parallel);
	WaitForParallelWorkersToFinish(parallel.context);
	*totals = parallel.shared->totals;
	CollectFindings(&parallel, &check->findings);
	DestroyParallelContext(parallel.context);
	ExitParallelMode();
	ExecDropSingleTupleTableSlot(parallel.slot);
}
