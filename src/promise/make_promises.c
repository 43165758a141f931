/*
 * make_promises.c
 *		Many promises at once.
 *
 * Each element of the array is a call of make_promise, and is made by the same
 * code.  Chains are locked in the order of their customers' keys, so that two
 * batches never wait for each other crosswise; what is made for one customer is
 * written together.
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

/* What make_promise takes, type new_promise has. */
#define FIELDS (make->count + ACT_ARGUMENTS)

typedef struct Element
{
	PromiseAct	pa;
	int			place;			/* in the array, from 1 */
	Datum		value;
	const char *customer;
	const char *key;			/* idempotency_key, or NULL */
	HeapTuple	receipt;
} Element;

typedef struct Batch
{
	Element    *elements;		/* in the order of the array */
	Element   **sorted;			/* by customer; one customer's as in the array */
	int			count;
	TupleDesc	tupdesc;		/* of an element */
	TupleDesc	receipt_desc;
	Command		command;		/* of the element at hand */
	int			at_hand;		/* its place; 0 where none is */
	const char *writing_to;		/* the customer whose promises are written; NULL: none */
	LedgerSession session;
} Batch;

static void
NameElement(void *arg)
{
	const Batch *batch = arg;
	int			place = batch->at_hand;
	const char *customer = place > 0 ? batch->elements[place - 1].customer : NULL;

	if (customer)
		errcontext("element %d of promises, to customer \"%s\"", place, customer);
	else if (place > 0)
		errcontext("element %d of promises", place);
	else if (batch->writing_to)
		errcontext("promises to customer \"%s\", written together", batch->writing_to);
}

/* ---- reading the array ---- */

/* The fields go in as they are, whatever the type's owner did to it. */
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
				 errhint("Give it back the arguments of make_promise, by name, type and order.")));
}

static void
BatchRead(Batch *batch, ArrayType *array)
{
	Datum	   *values;
	bool	   *nulls;

	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("promises must be an array of one dimension"),
				 errdetail("It has %d.", ARR_NDIM(array))));
	deconstruct_array(array, ARR_ELEMTYPE(array), -1, false, TYPALIGN_DOUBLE, &values, &nulls, &batch->count);
	batch->elements = MemoryContextAllocExtended(CurrentMemoryContext, sizeof(Element) * batch->count,
												 MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (int i = 0; i < batch->count; i++)
	{
		batch->elements[i].place = i + 1;
		batch->elements[i].value = values[i];
		if (nulls[i])
		{
			batch->at_hand = i + 1;
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("a promise to be made is NULL"),
					 errhint("Leave out what is not to be made.")));
		}
	}
	batch->tupdesc = lookup_rowtype_tupdesc_copy(ARR_ELEMTYPE(array), -1);
	CheckElementType(batch->tupdesc);
}

/* The element as a command. */
static const Command *
CommandOf(Batch *batch, const Element *element)
{
	HeapTupleHeader row = DatumGetHeapTupleHeader(element->value);
	HeapTupleData tuple = {0};
	Datum		values[COMMAND_ARGUMENTS];
	bool		nulls[COMMAND_ARGUMENTS];

	CHECK_FOR_INTERRUPTS();
	batch->at_hand = element->place;
	tuple.t_len = HeapTupleHeaderGetDatumLength(row);
	tuple.t_data = row;
	heap_deform_tuple(&tuple, batch->tupdesc, values, nulls);
	CommandFromFields(&batch->command, make, values, nulls);
	return &batch->command;
}

/* ---- whose chains are locked, and in which order ---- */

static int
CompareCustomers(const void *a, const void *b)
{
	const Element *first = *(Element *const *) a;
	const Element *second = *(Element *const *) b;
	int			order = strcmp(first->customer, second->customer);

	return order ? order : first->place - second->place;
}

static int
CompareKeys(const void *a, const void *b)
{
	const Element *first = *(Element *const *) a;
	const Element *second = *(Element *const *) b;
	int			order = strcmp(first->customer, second->customer);

	if (order == 0)
		order = strcmp(first->key, second->key);
	return order ? order : first->place - second->place;
}

static bool
SameCustomer(const Element *a, const Element *b)
{
	return strcmp(a->customer, b->customer) == 0;
}

/* One key stands for one promise: within the array nothing is a retry of anything. */
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
		batch->at_hand = keyed[i]->place;
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("idempotency key \"%s\" is given twice for customer \"%s\"", keyed[i]->key, keyed[i]->customer),
				 errdetail("Element %d has it too.", keyed[i - 1]->place),
				 errhint("Give each promise a key of its own, and each only once.")));
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

/* Who acts in each, while it is still the caller who works. */
static void
ResolveActs(Batch *batch)
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
	batch->at_hand = 0;
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
			batch->at_hand = element->place;
			chain = palloc(sizeof(Chain));
			ChainLock(chain, element->pa.act.ledger, cstring_to_text(element->customer));
		}
		element->pa.chain = chain;
	}
	batch->at_hand = 0;
}

/*
 * Who acts, and all locks.  Where something changed while one was waited for,
 * who acts is settled again under them.
 */
static void
BatchEnter(Batch *batch)
{
	for (int round = 0; round < 2; round++)
	{
		const Act  *first = &batch->elements[0].pa.act;

		ResolveActs(batch);
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

/* What one customer is promised: a session of its own, whose memory goes with it. */
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
		if (PromiseActMake(pa)) /* and no retry */
		{
			TiedAct		act;

			TermsMake(pa);
			act = PromiseTied(pa, &pa->receipt);
			ActGroupAdd(group, &act);
		}
	}
	batch->at_hand = 0;
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
 *		Makes each promise as make_promise does with the same arguments, all or none.
 *		Receipts come in the order of the array.  Errors: make_promise's, in the
 *		context of the element; 22004 NULL, 2202E more than one dimension, 22023 one
 *		idempotency key twice for a customer.
 */
Datum
make_promises(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Batch		batch = {0};
	ErrorContextCallback context = {.previous = error_context_stack, .callback = NameElement, .arg = &batch};

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("promises are needed"),
				 errhint("Give an array; array_agg() of no rows is NULL, ARRAY(SELECT ...) is empty.")));
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
