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

typedef struct Predecessor
{
	char	   *key;
	TimestampTz until;			/* what it promised until then is carried, by recorded_at */
} Predecessor;

typedef struct Successor
{
	char	   *key;
	TimestampTz since;			/* since when it carries what was promised */
} Successor;

/* Who directly succeeds whom. */
typedef struct Successions Successions;

/*
 * Palloc'd list of the key's predecessors as known at that time; DT_NOEND: now.  NIL for
 * groupings other than by customer, promiser and backer.  Needs a LedgerSession, and may
 * run statements in it: not to be called while one of it runs.
 */
extern List *PredecessorsOf(Grouping by, const char *key, TimestampTz known_at);

/* As PredecessorsOf(): all successions of now, in a palloc'd copy; NULL if there are none. */
extern const Successions *SuccessionsBy(Grouping by);

/* PredecessorsOf() by these successions, which may be NULL.  Runs no statement. */
extern List *PredecessorsAmong(const Successions *successions, const char *key,
							   TimestampTz known_at);

/* List of the keys (char *) of all predecessors of the key; NULL: of any key. */
extern List *PredecessorKeys(const Successions *successions, const char *key);

/* List of those who carry what that key promised at that time, by recorded_at. */
extern List *SuccessorsAmong(const Successions *successions, const char *key,
							 TimestampTz promised_at);

/* The predecessor with that key; NULL if it is none of them. */
extern const Predecessor *FindPredecessor(const List *predecessors, const char *key);

#endif
