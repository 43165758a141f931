/*
 * dispatch.h
 *		Which function writes which event of a promise, and what it does.
 */
#ifndef TRUST_LEDGER_DISPATCH_H
#define TRUST_LEDGER_DISPATCH_H

#include "promise/command.h"
#include "promise/promise_act.h"

/* By event; those that no function writes have no name. */
extern const PromiseFunction promise_functions[EVENTS];

extern void CommandRun(const Command *command);

/*
 * What the functions do, each in the file of its event.  The act has begun: who
 * acts is known, the chain is locked, the state allows the event, and the entry
 * is there to be filled.
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
