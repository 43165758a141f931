/*
 * make_promises.c
 *		make_promises(): makes an array of promises.
 *
 * Each element is handled like a call of make_promise().  Chains are locked in the
 * order of the customers' keys, so that concurrent calls do not deadlock.  The
 * promises to one customer are written together.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type_d.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"
#include "utils/typcache.h"

#include "promise/dispatch.h"
#include "promise/terms.h"

PG_FUNCTION_INFO_V1(make_promises);

static const PromiseFunction *const make = &promise_functions[EVENT_MADE];

/* Type new_promise has the arguments of make_promise() as fields. */
#define FIELDS (make->count + ACT_ARGUMENTS)

typedef struct Element
{
	PromiseAct	pa;
	int			position;		/* in the array, from 1 */
	Datum		value;			/* of type new_promise */
	const char *customer;
	const char *key;			/* idempotency_key, or NULL */
	HeapTuple	receipt;
} Element;

typedef struct Batch
{
	Element    *elements;		/* in the order of the array */
	Element   **sorted;			/* by customer and position */
	int			count;
	TupleDesc	tupdesc;		/* of an element */
	TupleDesc	receipt_desc;
	Command		command;		/* of the current element */
	int			current;		/* position of the current element; 0: none */
	const char *writing_to;		/* customer whose promises are being written; NULL: none */
	LedgerSession session;
} Batch;

/* Error context callback */
static void
BatchErrorContext(void *arg)
{
	const Batch *batch = arg;
	int			position = batch->current;
	const char *customer = position > 0 ? batch->elements[position - 1].customer : NULL;

	if (customer)
		errcontext("element %d of promises, to customer \"%s\"", position, customer);
	else if (position > 0)
		errcontext("element %d of promises", position);
	else if (batch->writing_to)
		errcontext("writing promises to customer \"%s\"", batch->writing_to);
}

/* ---- reading the array ---- */

/* The type's owner may have altered it. */
static void
CheckElementType(TupleDesc tupdesc)
{
	bool		same = tupdesc->natts == FIELDS;

	for (int i = 0; same && i < tupdesc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(tupdesc, i);
		const Column *column = &command_columns[CommandArgumentId(make, i)];

		same = !attribute->attisdropped && attribute->atttypid == column->type &&
			strcmp(NameStr(attribute->attname), column->name) == 0;
	}
	if (!same)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("type \"trust_ledger.new_promise\" has been altered"),
				 errdetail("Its attributes must be the arguments of make_promise().")));
}

static void
BatchRead(Batch *batch, ArrayType *array)
{
	Datum	   *values;
	bool	   *nulls;

	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("promises must be a one-dimensional array"),
				 errdetail("The array has %d dimensions.", ARR_NDIM(array))));
	deconstruct_array(array, ARR_ELEMTYPE(array), -1, false, TYPALIGN_DOUBLE,
					  &values, &nulls, &batch->count);
	batch->elements = MemoryContextAllocExtended(CurrentMemoryContext,
												 sizeof(Element) * batch->count,
												 MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (int i = 0; i < batch->count; i++)
	{
		batch->elements[i].position = i + 1;
		batch->elements[i].value = values[i];
		if (nulls[i])
		{
			batch->current = i + 1;
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("elements of promises must not be null")));
		}
	}
	batch->tupdesc = lookup_rowtype_tupdesc_copy(ARR_ELEMTYPE(array), -1);
	CheckElementType(batch->tupdesc);
}

/* Makes the element the current one, and fills the command from it. */
static const Command *
CommandOf(Batch *batch, const Element *element)
{
	HeapTupleHeader row = DatumGetHeapTupleHeader(element->value);
	HeapTupleData tuple = {0};
	Datum		values[COMMAND_ARGUMENTS];
	bool		nulls[COMMAND_ARGUMENTS];

	CHECK_FOR_INTERRUPTS();
	batch->current = element->position;
	tuple.t_len = HeapTupleHeaderGetDatumLength(row);
	tuple.t_data = row;
	heap_deform_tuple(&tuple, batch->tupdesc, values, nulls);
	CommandFromFields(&batch->command, make, values, nulls);
	return &batch->command;
}

/* ---- access checks and locks ---- */

static int
CompareCustomers(const void *a, const void *b)
{
	const Element *first = *(Element *const *) a;
	const Element *second = *(Element *const *) b;
	int			order = strcmp(first->customer, second->customer);

	return order ? order : first->position - second->position;
}

static int
CompareKeys(const void *a, const void *b)
{
	const Element *first = *(Element *const *) a;
	const Element *second = *(Element *const *) b;
	int			order = strcmp(first->customer, second->customer);

	if (order == 0)
		order = strcmp(first->key, second->key);
	return order ? order : first->position - second->position;
}

static bool
SameCustomer(const Element *a, const Element *b)
{
	return strcmp(a->customer, b->customer) == 0;
}

/* An element cannot be a retry of another one. */
static void
CheckKeysDiffer(Batch *batch)
{
	Element   **keyed = palloc(sizeof(Element *) * batch->count);
	int			count = 0;

	for (int i = 0; i < batch->count; i++)
		if (batch->elements[i].key)
			keyed[count++] = &batch->elements[i];
	qsort(keyed, count, sizeof(Element *), CompareKeys);
	for (int i = 1; i < count; i++)
	{
		if (!SameCustomer(keyed[i - 1], keyed[i]) || strcmp(keyed[i - 1]->key, keyed[i]->key) != 0)
			continue;
		batch->current = keyed[i]->position;
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("duplicate idempotency key \"%s\" for customer \"%s\"",
						keyed[i]->key, keyed[i]->customer),
				 errdetail("Element %d has the same key.", keyed[i - 1]->position),
				 errhint("Each promise needs a key of its own.")));
	}
	pfree(keyed);
}

static void
SortElements(Batch *batch)
{
	CheckKeysDiffer(batch);
	batch->sorted = palloc(sizeof(Element *) * batch->count);
	for (int i = 0; i < batch->count; i++)
		batch->sorted[i] = &batch->elements[i];
	qsort(batch->sorted, batch->count, sizeof(Element *), CompareCustomers);
}

/* Finds out who acts in each element; to be called as the caller's role. */
static void
BeginActs(Batch *batch)
{
	for (int i = 0; i < batch->count; i++)
	{
		Element    *element = &batch->elements[i];
		const Command *command = CommandOf(batch, element);
		Act		   *act = &element->pa.act;

		make->check(command);
		element->customer = CommandKey(command, COMMAND_CUSTOMER);
		CommandBeginAct(command, act);
		element->key = act->idempotency_key ? text_to_cstring(act->idempotency_key) : NULL;
	}
	batch->current = 0;
}

static void
LockChains(Batch *batch)
{
	Chain	   *chain = NULL;

	for (int i = 0; i < batch->count; i++)
	{
		Element    *element = batch->sorted[i];

		if (i == 0 || !SameCustomer(batch->sorted[i - 1], element))
		{
			CHECK_FOR_INTERRUPTS();
			batch->current = element->position;
			chain = palloc(sizeof(Chain));
			ChainLock(chain, element->pa.act.ledger, cstring_to_text(element->customer));
		}
		element->pa.chain = chain;
	}
	batch->current = 0;
}

/*
 * Checks who acts, and takes all locks.  If actors or policies changed while waiting
 * for a lock, everything is checked again with the locks held.
 */
static void
BatchEnter(Batch *batch)
{
	for (int round = 0; round < 2; round++)
	{
		const Act  *first = &batch->elements[0].pa.act;

		BeginActs(batch);
		if (round == 0)
			SortElements(batch);
		LedgerEnter(first->ledger, &batch->session);
		LockChains(batch);
		if (round == 1 || !ActIsStale(first))
			break;
		LedgerLeave(&batch->session);
	}
}

/* ---- making them ---- */

static void
KeepReceipt(Batch *batch, Element *element)
{
	MemoryContext previous = MemoryContextSwitchTo(batch->session.caller);
	Datum		values[RECEIPT_COLUMNS];
	bool		nulls[RECEIPT_COLUMNS];

	ReceiptValues(&element->pa.receipt, values, nulls);
	element->receipt = heap_form_tuple(batch->receipt_desc, values, nulls);
	MemoryContextSwitchTo(previous);
}

/* Makes the promises to one customer, in a LedgerSession whose memory is freed after it. */
static void
MakeForCustomer(Batch *batch, Element **elements, int count)
{
	ActGroup   *group;
	LedgerSession session;

	LedgerEnter(elements[0]->pa.act.ledger, &session);
	group = ActGroupBegin(elements[0]->pa.chain);
	for (int i = 0; i < count; i++)
	{
		PromiseAct *pa = &elements[i]->pa;

		pa->group = group;
		pa->command = CommandOf(batch, elements[i]);
		if (PromiseActMake(pa)) /* not a retry */
		{
			LinkedAct	act;

			TermsMake(pa);
			act = PromiseLinkedAct(pa, &pa->receipt);
			ActGroupAdd(group, &act);
		}
	}
	batch->current = 0;
	batch->writing_to = elements[0]->customer;
	ActGroupWrite(group);
	batch->writing_to = NULL;
	for (int i = 0; i < count; i++)
		KeepReceipt(batch, elements[i]);
	LedgerLeave(&session);
}

static void
MakeAll(Batch *batch)
{
	int			next;

	for (int first = 0; first < batch->count; first = next)
	{
		next = first + 1;
		while (next < batch->count && SameCustomer(batch->sorted[first], batch->sorted[next]))
			next++;
		MakeForCustomer(batch, batch->sorted + first, next - first);
	}
}

/*
 * make_promises(promises new_promise[]) returns setof receipt
 *		Makes each promise as make_promise() does, or none if there is an error.  Returns
 *		the receipts in the order of the array.  Errors: those of make_promise(), with the
 *		element as context; 22004 NULL, 2202E more than one dimension, 22023 duplicate
 *		idempotency key for a customer.
 */
Datum
make_promises(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Batch		batch = {0};
	ErrorContextCallback context = {
		.previous = error_context_stack, .callback = BatchErrorContext, .arg = &batch
	};

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("promises must not be null"),
				 errhint("array_agg() of no rows is null; ARRAY(SELECT ...) is an empty array.")));
	batch.receipt_desc = result->setDesc;
	error_context_stack = &context;
	BatchRead(&batch, PG_GETARG_ARRAYTYPE_P(0));
	if (batch.count > 0)
	{
		BatchEnter(&batch);
		MakeAll(&batch);
		LedgerLeave(&batch.session);
	}
	error_context_stack = context.previous;
	for (int i = 0; i < batch.count; i++)
		tuplestore_puttuple(result->setResult, batch.elements[i].receipt);
	return (Datum) 0;
}
