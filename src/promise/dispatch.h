/*
 * dispatch.h
 *		The functions that write events of promises.
 */
#ifndef TRUST_LEDGER_DISPATCH_H
#define TRUST_LEDGER_DISPATCH_H

#include "promise/command.h"
#include "promise/promise_act.h"

/* By event; name is NULL for events that are not written by one of these functions. */
extern const PromiseFunction promise_functions[EVENTS];

/*
 * Executes a command for a changed row of a tracked table.  Its act is added to
 * command->group, which must be set.  Errors: those of the function.
 */
extern void CommandRun(const Command *command);

/*
 * PromiseFunction.check and .run of the functions; the SQL function is described at
 * the definition of each .run.  .run fills and appends the entry after
 * PromiseActBegin() returned true.
 */
extern void CheckMake(const Command *command);
extern void MakePromise(PromiseAct *pa);
extern void AmendPromise(PromiseAct *pa);
extern void BackPromise(PromiseAct *pa);
extern void DeclinePromise(PromiseAct *pa);
extern void WithdrawBacking(PromiseAct *pa);
extern void AcceptPromise(PromiseAct *pa);
extern void WithdrawPromise(PromiseAct *pa);
extern void ReleasePromise(PromiseAct *pa);
extern void PausePromise(PromiseAct *pa);
extern void ResumePromise(PromiseAct *pa);
extern void AdmitBreach(PromiseAct *pa);
extern void RepairBreach(PromiseAct *pa);
extern void CheckAssess(const Command *command);
extern void AssessPromise(PromiseAct *pa);
extern void AddNote(PromiseAct *pa);
extern void ConfirmRelayed(PromiseAct *pa);

#endif
