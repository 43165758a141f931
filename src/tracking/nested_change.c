/*
 * nested_change.c
 *		Finds pending changes of rows by triggers of the statement that changed the rows first.
 *
 * Where a trigger that fires before ours changes the row again, its change is read first.
 * When the trigger fires for the statement's own change, that change was made from a
 * version that no longer counts.  Both are found by the place of that version.  So is the
 * version in another partition to which an UPDATE moved the row.
 */
#include "postgres.h"

#include "tracking/nested_change.h"

#include "utils/fmgroids.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "fmgr.h"

typedef struct VersionKey
{
	Oid			relid;
	ItemPointerData version;
}			VersionKey;

typedef struct VersionChanges
{
	VersionKey	key;			/* hash key */
	List	   *changes;
}			VersionChanges;

/*
 * The memory belongs to the transaction, whose end resets the pointers.  What a savepoint
 * rolled back is still in here; PendingChangesGet() does not return it.
 */
static struct
{
	MemoryContext context;		/* NULL: nothing is remembered */
	HTAB	   *versions;
	CommandId	last;			/* of the changes that are remembered */
}			nested = {0};

static void
Reset(void *arg pg_attribute_unused())
{
	memset(&nested, 0, sizeof(nested));
}

static void
Begin(void)
{
	HASHCTL		control = {.keysize = sizeof(VersionKey), .entrysize = sizeof(VersionChanges)};
	MemoryContext context = AllocSetContextCreate(TopTransactionContext,
												  "trust_ledger nested changes",
												  ALLOCSET_SMALL_SIZES);
	MemoryContextCallback *reset = MemoryContextAlloc(context, sizeof(MemoryContextCallback));

	control.hcxt = context;
	nested.versions = hash_create("trust_ledger nested changes", 64, &control,
								  HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	nested.context = context;
	reset->func = Reset;
	reset->arg = NULL;
	MemoryContextRegisterResetCallback(context, reset);
}

static VersionChanges *
Find(Oid relid, const ItemPointerData *version, HASHACTION action)
{
	VersionKey	key;
	VersionChanges *found;
	bool		exists;

	memset(&key, 0, sizeof(key));	/* padding, too */
	key.relid = relid;
	key.version = *version;
	found = hash_search(nested.versions, &key, action, &exists);
	if (found && !exists)
		found->changes = NIL;
	return found;
}

void
NestedChangeAdd(Oid relid, const ItemPointerData *version, NestedChange change)
{
	VersionChanges *of_version;
	NestedChange *added;
	MemoryContext previous;

	if (nested.context == NULL)
		Begin();
	of_version = Find(relid, version, HASH_ENTER);
	previous = MemoryContextSwitchTo(nested.context);
	added = palloc(sizeof(NestedChange));
	*added = change;
	of_version->changes = lappend(of_version->changes, added);
	MemoryContextSwitchTo(previous);
	nested.last = Max(nested.last, change.command);
}

List *
NestedChangesFrom(Oid relid, const ItemPointerData *version)
{
	VersionChanges *found = nested.context ? Find(relid, version, HASH_FIND) : NULL;

	return found ? found->changes : NIL;
}

bool
ChangeIsNested(void)
{
	return DatumGetInt32(OidFunctionCall0(F_PG_TRIGGER_DEPTH)) > 1;
}

void
NestedChangesForget(CommandId command)
{
	if (nested.context != NULL && command > nested.last && !ChangeIsNested())
		MemoryContextDelete(nested.context);
}
