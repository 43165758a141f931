/*
 * score_target.c
 *		Any text, any bytes, to the trust score's input functions: refused by an error that
 *		fits, or a score that is sound and goes through both of its forms unchanged.
 */
#include "fuzz.h"

#include "lib/stringinfo.h"
#include "utils/timestamp.h"
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

#include "form.h"

#define SIZE 40					/* of a stored score */

extern Datum trust_score_in(PG_FUNCTION_ARGS);
extern Datum trust_score_out(PG_FUNCTION_ARGS);
extern Datum trust_score_recv(PG_FUNCTION_ARGS);
extern Datum trust_score_send(PG_FUNCTION_ARGS);
extern Datum trust_score_cmp(PG_FUNCTION_ARGS);
extern Datum trust_score_hash(PG_FUNCTION_ARGS);
extern Datum fuse(PG_FUNCTION_ARGS);
extern Datum decay(PG_FUNCTION_ARGS);

static int
Receive(const Form *form, Datum *score)
{
	StringInfoData wire;
	int			code;

	/* exactly as long as it is: what reads on reads what is not its own */
	wire.data = memcpy(malloc(form->size ? form->size : 1), form->bytes, form->size);
	wire.len = wire.maxlen = form->size;
	wire.cursor = 0;
	code = Try(trust_score_recv, PointerGetDatum(&wire), score);
	Check(code != 0 || wire.cursor == wire.len, "%d bytes were left over", wire.len - wire.cursor);
	free(wire.data);
	return code;
}

static void
Send(Datum score, Form *form)
{
	bytea	   *sent = DatumGetByteaPP(DirectFunctionCall1(trust_score_send, score));

	form->size = VARSIZE_ANY_EXHDR(sent);
	Check(form->size == FORM_SIZE, "sends %d bytes", form->size);
	memcpy(form->bytes, VARDATA_ANY(sent), form->size);
}

static bool
Same(Datum a, Datum b)
{
	return memcmp(DatumGetPointer(a), DatumGetPointer(b), SIZE) == 0;
}

static void
CheckForms(Datum score, Form *form, const char *what)
{
	Form		normal;
	Datum		again;
	const char *text;

	Send(score, form);
	Check(FormRefusal(form) == 0, "%s has a form that is refused", what);
	normal = *form;
	NormalizeForm(&normal);
	Check(memcmp(form->bytes, normal.bytes, FORM_SIZE) == 0, "%s has a -0", what);
	Check(Receive(form, &again) == 0 && Same(again, score),
		  "%s does not go through its form", what);
	text = DatumGetCString(DirectFunctionCall1(trust_score_out, score));
	Check(Try(trust_score_in, CStringGetDatum(text), &again) == 0 && Same(again, score),
		  "%s does not go through its text %s", what, text);
	Check(DatumGetInt32(DirectFunctionCall2(trust_score_cmp, score, again)) == 0 &&
		  DirectFunctionCall1(trust_score_hash, score) ==
		  DirectFunctionCall1(trust_score_hash, again),
		  "%s is not equal to itself", what);
}

static bool
MayRefuseText(int code)
{
	return code == ERRCODE_INVALID_TEXT_REPRESENTATION ||
		code == ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE ||
		code == ERRCODE_DATETIME_VALUE_OUT_OF_RANGE || code == ERRCODE_INVALID_PARAMETER_VALUE;
}

void
FuzzScoreText(const uint8 *data, size_t size)
{
	char	   *text = malloc(size + 1);
	Form		form;
	Datum		score;
	int			code;

	memcpy(text, data, size);
	text[size] = '\0';
	code = Try(trust_score_in, CStringGetDatum(text), &score);
	Check(memcmp(text, data, size) == 0, "the text was written to");
	if (code != 0)
		Check(MayRefuseText(code), "refused by %s", unpack_sql_state(code));
	else
	{
		Check(strcmp(text, "empty") == 0 || (text[0] == '(' && text[strlen(text) - 1] == ')'),
			  "accepted without its parentheses");
		CheckForms(score, &form, "accepted");
	}
	free(text);
}

/* Fused either way round, and faded to another's instant. */
static void
CheckTwo(Datum a, const Form *of_a, Datum b, const Form *of_b)
{
	Form		form;
	Datum		one;

	if (!FormIsEmpty(of_a) && !FormIsEmpty(of_b))
	{
		one = DirectFunctionCall2(decay, a, Int64GetDatum((int64) FormField(of_b, AS_OF)));
		CheckForms(one, &form, "faded");
		for (int field = KEPT; field <= BROKEN; field++)
			Check(FormEvidence(&form, field) <= FormEvidence(of_a, field), "grows by fading");
		if (FormField(of_a, HALF_LIFE) != FormField(of_b, HALF_LIFE) ||
			FormEvidence(of_a, KEPT) + FormEvidence(of_b, KEPT) > 1e12 ||
			FormEvidence(of_a, BROKEN) + FormEvidence(of_b, BROKEN) > 1e12)
			return;				/* these may not fuse */
	}
	one = DirectFunctionCall2(fuse, a, b);
	CheckForms(one, &form, "fused");
	Check(Same(one, DirectFunctionCall2(fuse, b, a)), "fuses otherwise from the other side");
}

void
FuzzScoreBinary(const uint8 *data, size_t size)
{
	Form		forms[2];
	Datum		scores[2];
	int			accepted = 0;

	for (int i = 0; i < 2; i++)
	{
		Form	   *form = &forms[accepted];
		Form		sent;
		int			code;

		/* the first is all there is, unless there is enough for two */
		form->size = Min(size, size >= 2 * FORM_SIZE ? FORM_SIZE : FORM_ROOM);
		memcpy(form->bytes, data, form->size);
		data += form->size;
		size -= form->size;
		code = Receive(form, &scores[accepted]);
		if (code != FormRefusal(form))
			Unsound("%s where it should not", code ? unpack_sql_state(code) : "accepted");
		if (code != 0)
			continue;
		CheckForms(scores[accepted], &sent, "accepted");
		NormalizeForm(form);
		Check(memcmp(sent.bytes, form->bytes, FORM_SIZE) == 0, "came back otherwise");
		accepted++;
	}
	if (accepted == 2)
		CheckTwo(scores[0], &forms[0], scores[1], &forms[1]);
}
