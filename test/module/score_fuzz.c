/*
 * score_fuzz.c
 *		Trust scores' binary form and text, mutated: what the type says to them.
 *
 * Nothing of the extension is included, and the type is called as the server
 * calls it.  Where an accepted score is not sound, that is an error with the bytes
 * that led to it.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "nodes/value.h"
#include "parser/parse_func.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

#include "form.h"

PG_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(fuzz_binary);
PG_FUNCTION_INFO_V1(fuzz_text);
PG_FUNCTION_INFO_V1(random_score);

#define SIZE 40					/* of a stored score */

typedef struct Outcome
{
	int			code;			/* SQLSTATE, 0 for a score */
	int64		count;
	char		example[120];	/* the first that led to it */
} Outcome;

typedef struct Fuzz
{
	Chance		chance;
	Oid			param;
	FmgrInfo	receive;
	FmgrInfo	send;
	FmgrInfo	input;
	FmgrInfo	output;
	FmgrInfo	cmp;
	FmgrInfo	hash;
	FmgrInfo	hash_extended;
	FmgrInfo	fuse;
	FmgrInfo	decay;
	Outcome		outcomes[16];
	uint64		digest;			/* of all that was accepted */
	/* what is tried */
	Form		form;
	char	   *text;
	Datum		left;
	Datum		right;
	/* a score that was accepted before */
	bool		has_other;
	unsigned char other[SIZE];
} Fuzz;

static void
MutateText(StringInfo text, Chance *chance)
{
	static const char letters[] = "0123456789()eE+-.,:TPDHMSWYZBC infatymp\"'\\\t\n_x/%\200\377";
	static const char *const words[] = {
		"NaN", "nan", "Infinity", "-inf", "infinity", "-infinity", "-", "+", "-0", "0", "1e400", "1e-400", "1e13", "-1", "0x1p3", "99999999999999999999",
		"now", "epoch", "today", " BC", " AD", "+00:00", "-00:00", "+01:00", "Z", "T", "T24:00:00", "T23:59:60", "2026-02-30", "0000-01-01", "999999-12-31",
		"4714-11-23T00:00:00+00:00 BC", "P", "PT", "P0D", "P1M", "P1Y", "P1W", "P-1D", "PT-1S", "P36525D", "P36526D", "P0.0000001D", "PT1e300H", "P1D ago",
		"P999999999W", "P999999999Y", "PT999999999H", "PT3155760000S", "P-99999999M", "PM 1 day", "P0001-01-01T00:00:00", "1 day", "empty", "(", ")", ",", ",,", "NULL", " ", "\t"
	};
	int			at = Below(chance, text->len + 1);
	int			length = Below(chance, Min(text->len - at, 12) + 1);
	StringInfoData result;

	initStringInfo(&result);
	switch (Below(chance, 7))
	{
		case 0:					/* without a piece */
			break;
		case 1:					/* another letter in place of a piece's */
			length = Min(length, 1);
			/* FALLTHROUGH */
		case 2:					/* letters in place of a piece */
			for (int more = 1 + Below(chance, 2); more > 0; more--)
				appendStringInfoChar(&result, letters[Below(chance, lengthof(letters) - 1)]);
			break;
		case 3:					/* a word in place of a piece */
			appendStringInfoString(&result, words[Below(chance, lengthof(words))]);
			break;
		case 4:					/* a word in place of a field */
			while (at > 0 && strchr("(,", text->data[at - 1]) == NULL)
				at--;
			length = strcspn(text->data + at, ",)");
			appendStringInfoString(&result, words[Below(chance, lengthof(words))]);
			break;
		case 5:					/* a piece twice */
			appendBinaryStringInfo(&result, text->data + at, length);
			length = 0;
			break;
		default:				/* digits put in */
			for (int more = 1 + Below(chance, 20); more > 0; more--)
				appendStringInfoChar(&result, '0' + Below(chance, 10));
			length = 0;
			break;
	}
	appendStringInfoString(&result, text->data + at + length);
	text->len = at;
	text->data[at] = '\0';
	appendStringInfoString(text, result.data);
}

/* ---- the type ---- */

static void
LookUp(FmgrInfo *info, const char *name, int nargs, Oid first, Oid second)
{
	Oid			types[] = {first, second};

	fmgr_info(LookupFuncName(list_make2(makeString("trust_ledger"), makeString(pstrdup(name))), nargs, types, false), info);
}

static Fuzz *
NewFuzz(Oid type, uint64 seed)
{
	Fuzz	   *fuzz = palloc0(sizeof(Fuzz));
	Oid			function;
	bool		varlena;

	if (get_typlen(type) != SIZE)
		elog(ERROR, "type %u has no %d bytes", type, SIZE);
	fuzz->chance.state = (seed + 1) * UINT64CONST(0x9E3779B97F4A7C15);
	getTypeBinaryInputInfo(type, &function, &fuzz->param);
	fmgr_info(function, &fuzz->receive);
	getTypeBinaryOutputInfo(type, &function, &varlena);
	fmgr_info(function, &fuzz->send);
	getTypeInputInfo(type, &function, &fuzz->param);
	fmgr_info(function, &fuzz->input);
	getTypeOutputInfo(type, &function, &varlena);
	fmgr_info(function, &fuzz->output);
	LookUp(&fuzz->cmp, "trust_score_cmp", 2, type, type);
	LookUp(&fuzz->hash, "trust_score_hash", 1, type, InvalidOid);
	LookUp(&fuzz->hash_extended, "trust_score_hash_extended", 2, type, INT8OID);
	LookUp(&fuzz->fuse, "fuse", 2, type, type);
	LookUp(&fuzz->decay, "decay", 2, type, TIMESTAMPTZOID);
	return fuzz;
}

static Datum
Receive(Fuzz *fuzz)
{
	int			size = fuzz->form.size;
	StringInfoData wire;
	Datum		score;

	/* exactly as long as it is: what reads on reads what is not its own */
	wire.data = palloc(size + 1);
	memcpy(wire.data, fuzz->form.bytes, size);
	wire.data[size] = '\0';
	wire.len = size;
	wire.maxlen = size + 1;
	wire.cursor = 0;
	score = ReceiveFunctionCall(&fuzz->receive, &wire, fuzz->param, -1);
	if (wire.cursor != wire.len)
		elog(ERROR, "%d bytes were left over", wire.len - wire.cursor);
	return score;
}

static Datum
Input(Fuzz *fuzz)
{
	return InputFunctionCall(&fuzz->input, fuzz->text, fuzz->param, -1);
}

static Datum
Fused(Fuzz *fuzz)
{
	return FunctionCall2(&fuzz->fuse, fuzz->left, fuzz->right);
}

static Datum
Decayed(Fuzz *fuzz)
{
	return FunctionCall2(&fuzz->decay, fuzz->left, fuzz->right);
}

/* The call's SQLSTATE, or 0 and its result. */
static int
Try(Fuzz *fuzz, Datum (*call) (Fuzz *), Datum *result)
{
	MemoryContext context = CurrentMemoryContext;
	volatile int code = 0;

	PG_TRY();
	{
		*result = call(fuzz);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		code = geterrcode();
		FlushErrorState();
	}
	PG_END_TRY();
	return code;
}

static const char *
Hex(const Form *form)
{
	char	   *hex = palloc0(2 * form->size + 1);

	hex_encode((const char *) form->bytes, form->size, hex);
	return hex;
}

pg_attribute_printf(2, 3)
static void
Unsound(Fuzz *fuzz, const char *format,...)
{
	char		what[200];
	va_list		args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	elog(ERROR, "%s: %s (%s)", what, fuzz->text != NULL ? fuzz->text : "", Hex(&fuzz->form));
}

static bool
Same(Datum a, Datum b)
{
	return memcmp(DatumGetPointer(a), DatumGetPointer(b), SIZE) == 0;
}

/* The score goes through its binary form and its text unchanged, and the form is one that may be. */
static void
CheckForms(Fuzz *fuzz, Datum score, Form *form, const char *what)
{
	bytea	   *sent = SendFunctionCall(&fuzz->send, score);
	Fuzz		again = *fuzz;

	form->size = VARSIZE_ANY_EXHDR(sent);
	memcpy(form->bytes, VARDATA_ANY(sent), Min(form->size, FORM_ROOM));
	if (FormRefusal(form) != 0)
		Unsound(fuzz, "%s has a form that is refused", what);
	again.form = *form;
	NormalizeForm(&again.form);
	if (memcmp(form->bytes, again.form.bytes, FORM_SIZE) != 0)
		Unsound(fuzz, "%s has a -0", what);
	if (!Same(Receive(&again), score))
		Unsound(fuzz, "%s does not go through its form", what);
	again.text = OutputFunctionCall(&fuzz->output, score);
	if (!Same(Input(&again), score))
		Unsound(fuzz, "%s does not go through its text %s", what, again.text);
}

static int
Compare(Fuzz *fuzz, Datum a, Datum b)
{
	int			order = DatumGetInt32(FunctionCall2(&fuzz->cmp, a, b));

	return (order > 0) - (order < 0);
}

static void
CheckFading(Fuzz *fuzz, Datum score, const Form *form)
{
	TimestampTz instant = RandomInstant(&fuzz->chance);
	Form		faded;
	Datum		result;

	fuzz->left = score;
	fuzz->right = TimestampTzGetDatum(instant);
	if (Try(fuzz, Decayed, &result) != 0)
		Unsound(fuzz, "does not fade");
	CheckForms(fuzz, result, &faded, "faded");
	for (int field = KEPT; field <= BROKEN; field++)
		if (FormEvidence(&faded, field) > FormEvidence(form, field))
			Unsound(fuzz, "grows by fading");
	if (!FormIsEmpty(form) && (int64) FormField(&faded, AS_OF) != Max((int64) FormField(form, AS_OF), instant))
		Unsound(fuzz, "fades to another instant");
}

static void
CheckFusion(Fuzz *fuzz, Datum score, const Form *form, Datum other)
{
	Form		other_form;
	Form		fused_form;
	Datum		one = 0;
	Datum		two = 0;
	bool		differ;
	int			code;

	CheckForms(fuzz, other, &other_form, "another");
	differ = !FormIsEmpty(form) && !FormIsEmpty(&other_form) && FormField(form, HALF_LIFE) != FormField(&other_form, HALF_LIFE);
	fuzz->left = score;
	fuzz->right = other;
	code = Try(fuzz, Fused, &one);
	fuzz->left = other;
	fuzz->right = score;
	if (code != Try(fuzz, Fused, &two) || (code == 0 && !Same(one, two)))
		Unsound(fuzz, "fuses otherwise from the other side, with %s", Hex(&other_form));
	if ((code == ERRCODE_INVALID_PARAMETER_VALUE) != differ || (code != 0 && !differ && code != ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE))
		Unsound(fuzz, "fuses with %s to %s", Hex(&other_form), unpack_sql_state(code));
	if (code == 0)
		CheckForms(fuzz, one, &fused_form, "fused");
}

static void
CheckScore(Fuzz *fuzz, Datum score, Form *form)
{
	Datum		copy = PointerGetDatum(palloc(SIZE));

	CheckForms(fuzz, score, form, "accepted");
	memcpy(DatumGetPointer(copy), DatumGetPointer(score), SIZE);
	if (Compare(fuzz, score, copy) != 0 ||
		FunctionCall1(&fuzz->hash, score) != FunctionCall1(&fuzz->hash, copy) ||
		DatumGetInt64(FunctionCall2(&fuzz->hash_extended, score, Int64GetDatum(7))) !=
		DatumGetInt64(FunctionCall2(&fuzz->hash_extended, copy, Int64GetDatum(7))))
		Unsound(fuzz, "is not equal to itself");
	CheckFading(fuzz, score, form);
	if (fuzz->has_other)
	{
		Datum		other = PointerGetDatum(memcpy(palloc(SIZE), fuzz->other, SIZE));
		int			order = Compare(fuzz, score, other);

		if (order != -Compare(fuzz, other, score) || (order == 0) != Same(score, other))
			Unsound(fuzz, "has no place in the order");
		CheckFusion(fuzz, score, form, other);
	}
	/* nothing of this wrote to it */
	if (!Same(score, copy))
		Unsound(fuzz, "was written to");
	memcpy(fuzz->other, DatumGetPointer(score), SIZE);
	fuzz->has_other = true;
	fuzz->digest = DatumGetUInt64(hash_any_extended(fuzz->other, SIZE, fuzz->digest));
}

/* ---- counting ---- */

static void
Count(Fuzz *fuzz, int code, const char *example)
{
	Outcome    *outcome = fuzz->outcomes;

	while (outcome->count > 0 && outcome->code != code)
		if (++outcome == fuzz->outcomes + lengthof(fuzz->outcomes))
			elog(ERROR, "more kinds of refusal than there is room for");
	if (outcome->count++ == 0)
	{
		outcome->code = code;
		strlcpy(outcome->example, example, sizeof(outcome->example));
		for (char *c = outcome->example; *c != '\0'; c++)
			if (*c < ' ' || *c > '~')
				*c = '?';
	}
}

/* One line for each: SQLSTATE or ok, how often, and the first; and one for all scores together. */
static text *
Outcomes(const Fuzz *fuzz)
{
	StringInfoData lines;

	initStringInfo(&lines);
	for (const Outcome *outcome = fuzz->outcomes; outcome->count > 0; outcome++)
		appendStringInfo(&lines, "%s " INT64_FORMAT " %s\n",
						 outcome->code == 0 ? "ok" : unpack_sql_state(outcome->code), outcome->count, outcome->example);
	appendStringInfo(&lines, "digest %016llx\n", (unsigned long long) fuzz->digest);
	return cstring_to_text(lines.data);
}

/*
 * fuzz_binary(type regtype, mutations bigint, seed bigint) returns text
 *		What became of so many mutated forms.
 */
Datum
fuzz_binary(PG_FUNCTION_ARGS)
{
	Fuzz	   *fuzz = NewFuzz(PG_GETARG_OID(0), (uint64) PG_GETARG_INT64(2));
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "mutation", ALLOCSET_DEFAULT_SIZES);
	MemoryContext before = MemoryContextSwitchTo(scratch);

	for (int64 n = PG_GETARG_INT64(1); n > 0; n--)
	{
		Form		form;
		Datum		score;
		int			expected;
		int			code;

		CHECK_FOR_INTERRUPTS();
		MemoryContextReset(scratch);
		RandomForm(&fuzz->form, &fuzz->chance);
		for (int mutations = Below(&fuzz->chance, 4); mutations > 0; mutations--)
			MutateForm(&fuzz->form, &fuzz->chance);
		expected = FormRefusal(&fuzz->form);
		code = Try(fuzz, Receive, &score);
		Count(fuzz, code, Hex(&fuzz->form));
		if (code != expected)
			Unsound(fuzz, "%s, not", code == 0 ? "accepted" : unpack_sql_state(code));
		if (code != 0)
			continue;
		CheckScore(fuzz, score, &form);
		NormalizeForm(&fuzz->form);
		if (memcmp(form.bytes, fuzz->form.bytes, FORM_SIZE) != 0)
			Unsound(fuzz, "came back as %s", Hex(&form));
	}
	MemoryContextSwitchTo(before);
	PG_RETURN_TEXT_P(Outcomes(fuzz));
}

/*
 * fuzz_text(type regtype, mutations bigint, seed bigint) returns text
 *		What became of so many mutated texts.
 */
Datum
fuzz_text(PG_FUNCTION_ARGS)
{
	Fuzz	   *fuzz = NewFuzz(PG_GETARG_OID(0), (uint64) PG_GETARG_INT64(2));
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "mutation", ALLOCSET_DEFAULT_SIZES);
	MemoryContext before = MemoryContextSwitchTo(scratch);

	for (int64 n = PG_GETARG_INT64(1); n > 0; n--)
	{
		Form		form;
		StringInfoData text;
		Datum		score;
		int			code;

		CHECK_FOR_INTERRUPTS();
		MemoryContextReset(scratch);
		RandomForm(&fuzz->form, &fuzz->chance);
		initStringInfo(&text);
		appendStringInfoString(&text, OutputFunctionCall(&fuzz->output, Receive(fuzz)));
		for (int mutations = Below(&fuzz->chance, 4); mutations > 0; mutations--)
			MutateText(&text, &fuzz->chance);
		fuzz->text = text.data;
		code = Try(fuzz, Input, &score);
		Count(fuzz, code, fuzz->text);
		if (code != 0)
			continue;
		if (strcmp(fuzz->text, "empty") != 0 && (fuzz->text[0] != '(' || fuzz->text[strlen(fuzz->text) - 1] != ')'))
			Unsound(fuzz, "accepted without its parentheses");
		CheckScore(fuzz, score, &form);
	}
	MemoryContextSwitchTo(before);
	PG_RETURN_TEXT_P(Outcomes(fuzz));
}

/*
 * random_score(type regtype, seed bigint) returns trust_score
 */
Datum
random_score(PG_FUNCTION_ARGS)
{
	Fuzz	   *fuzz = NewFuzz(PG_GETARG_OID(0), (uint64) PG_GETARG_INT64(1));

	for (int skipped = 0; skipped < 8; skipped++)
		(void) Next(&fuzz->chance);
	RandomForm(&fuzz->form, &fuzz->chance);
	return Receive(fuzz);
}
