/*
 * form.h
 *		The binary form of trust scores, known from its description alone.
 */
#ifndef FORM_H
#define FORM_H

#include "postgres.h"

#include "datatype/timestamp.h"

#include "chance.h"

#define FORM_SIZE 34			/* version, flags, kept, broken, as_of, half_life */
#define FORM_ROOM (FORM_SIZE + 64)

enum {KEPT, BROKEN, AS_OF, HALF_LIFE, FIELDS};

typedef struct Form
{
	unsigned char bytes[FORM_ROOM];
	int			size;
} Form;

extern uint64 FormField(const Form *form, int field);
extern double FormEvidence(const Form *form, int field);
extern bool FormIsEmpty(const Form *form);
extern void NormalizeForm(Form *form);
extern int	FormRefusal(const Form *form);
extern TimestampTz RandomInstant(Chance *chance);
extern void RandomForm(Form *form, Chance *chance);
extern void MutateForm(Form *form, Chance *chance);

#endif
