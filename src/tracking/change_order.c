/*
 * change_order.c
 *		Puts changes of tracked rows into the order of the commands that made them.
 */
#include "postgres.h"

#include "tracking/change_order.h"

#include "utils/memutils.h"

#include "tracking/change_record.h"

/* Where a change stands among the others. */
typedef struct Order
{
	CommandId	command;
	int64		row;
	const char *trigger_name;
	int64		place;
}			Order;

/* Triggers of a row fire in the order of their names. */
static int
CompareOrder(const void *a, const void *b)
{
	const		Order *first = a;
	const		Order *second = b;
	int			names;

	if (first->command != second->command)
		return first->command < second->command ? -1 : 1;
	if (first->row != second->row)
		return first->row < second->row ? -1 : 1;
	names = strcmp(first->trigger_name, second->trigger_name);
	return names ? names : first->place < second->place ? -1 : 1;
}

int64 *
ChangesInOrder(Spool *spool, int64 first, int *count)
{
	Size		most = Max(spool->count - first, 1);
	Order	   *order = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(Order) * most);
	int64	   *places = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(int64) * most);

	*count = 0;
	for (int64 place = first; place < spool->count; place++)
	{
		ChangeHeader header;

		SpoolRead(spool, place, &header, sizeof(header));
		if (!header.dropped)
			order[(*count)++] = (Order) {
				header.command, header.row, header.mapping->trigger_name, place
			};
	}
	qsort(order, *count, sizeof(Order), CompareOrder);
	for (int i = 0; i < *count; i++)
		places[i] = order[i].place;
	pfree(order);
	return places;
}
