/*
 * predecessors.h
 *		Whose evidence of broken promises an actor or customer carries.
 *
 * Retiring an actor and registering another one, or a new key for the same customer,
 * must not make a bad record disappear.  So a successor's score has the evidence of
 * being broken of its predecessors, and not their evidence of being kept.
 *
 * An actor succeeds another one that was retired with this successor, or that was
 * registered with the same login right before.  A customer succeeds another one if the
 * same actor, or one with the same login, was registered for that one right before.
 * Predecessors of predecessors count too.  A promise is carried from one hand-over to the
 * next if it was recorded before the first of them; what a predecessor promises later is
 * their own.  This results from the governance entries alone, and stays so whatever is
 * registered later.
 */
#ifndef TRUST_LEDGER_PREDECESSORS_H
#define TRUST_LEDGER_PREDECESSORS_H

#include "analysis/score_events.h"

/* A predecessor or a successor of some key. */
typedef struct LinkedKey
{
	char	   *key;
	TimestampTz at;				/* until when promises of a predecessor were recorded that are
								 * carried; since when a successor carries a promise */
} LinkedKey;

/* Who directly succeeds whom. */
typedef struct Successions Successions;

/*
 * Palloc'd list of LinkedKey: the key's predecessors as known at that time; DT_NOEND: now.  NIL for
 * groupings other than by customer, promiser and backer.  Needs a LedgerSession, and may
 * run statements in it: not to be called while one of it runs.
 */
extern List *PredecessorsOf(Grouping by, const char *key, TimestampTz known_at);

/* As PredecessorsOf(): all successions of now, in a palloc'd copy; NULL if there are none. */
extern const Successions *SuccessionsBy(Grouping by);

/* PredecessorsOf() by these successions, which may be NULL.  Runs no statement. */
extern List *PredecessorsAmong(const Successions *successions, const char *key,
							   TimestampTz known_at);

/*
 * Those who carry what that key promised, if it was recorded at that time.  Likewise a
 * palloc'd list of LinkedKey, and runs no statement.
 */
extern List *SuccessorsAmong(const Successions *successions, const char *key,
							 TimestampTz promised_at);

/* The keys (char *) of all predecessors of any key, with duplicates. */
extern List *AllPredecessorKeys(const Successions *successions);

/* The keys (char *) in a list of LinkedKey. */
extern List *LinkedKeys(const List *linked_keys);

/* The one with that key; NULL if it is not in the list. */
extern const LinkedKey *FindLinkedKey(const List *linked_keys, const char *key);

#endif
