/*
 * text.c
 *		Texts that callers give: keys are exact and visible, words say something, a
 *		name is one of a list.
 */
#include "postgres.h"

#include "base/text.h"

#include "mb/pg_wchar.h"
#include "utils/builtins.h"

typedef struct CodeRange
{
	pg_wchar	first;
	pg_wchar	last;
} CodeRange;

/* Unicode's control, format and invisible characters: two keys that look alike must be alike. */
static const CodeRange invisible[] = {
	{0x0000, 0x001F}, {0x007F, 0x009F}, {0x00AD, 0x00AD}, {0x034F, 0x034F}, {0x061C, 0x061C},
	{0x115F, 0x1160}, {0x17B4, 0x17B5}, {0x180B, 0x180F}, {0x200B, 0x200F}, {0x2028, 0x202E},
	{0x2060, 0x206F}, {0x2800, 0x2800}, {0x3164, 0x3164}, {0xFE00, 0xFE0F}, {0xFEFF, 0xFEFF}, {0xFFA0, 0xFFA0},
	{0xFFF0, 0xFFFB}, {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF}
};

static const CodeRange spaces[] = {
	{0x0009, 0x000D}, {0x0020, 0x0020}, {0x0085, 0x0085}, {0x00A0, 0x00A0}, {0x1680, 0x1680},
	{0x2000, 0x200A}, {0x2028, 0x2029}, {0x202F, 0x202F}, {0x205F, 0x205F}, {0x3000, 0x3000}
};

static bool
InRanges(pg_wchar c, const CodeRange *ranges, int count)
{
	for (int i = 0; i < count; i++)
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	return false;
}

#define IsInvisible(c) InRanges(c, invisible, lengthof(invisible))
#define IsSpace(c) InRanges(c, spaces, lengthof(spaces))

/* The place of a name in a list of names, -1 where it has none. */
int
NameIndex(const char *const *names, int count, const char *name)
{
	for (int i = 0; i < count; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	return -1;
}

static const char *
TooManyBytes(size_t bytes)
{
	return psprintf("It has %zu bytes.", bytes);
}

/* Why it names nothing; NULL: it is a key, short, and with nothing in it that one cannot see. */
const char *
KeyProblem(const char *key)
{
	size_t		length = strlen(key);
	pg_wchar	c = 0;

	if (GetDatabaseEncoding() != PG_UTF8)
		return NULL;			/* there is no ledger, and the call will say so */

	if (length == 0)
		return "It is empty.";
	if (length > MAX_KEY_BYTES)
		return TooManyBytes(length);
	for (const unsigned char *p = (const unsigned char *) key; *p; p += pg_utf_mblen(p))
	{
		c = utf8_to_unicode(p);
		if (IsInvisible(c))
			return psprintf("It contains the invisible character U+%04X.", c);
		if (p == (const unsigned char *) key && IsSpace(c))
			return "It begins with space.";
	}
	return IsSpace(c) ? "It ends with space." : NULL;
}

static void
RefuseKey(const char *problem, const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s is not usable as a key", what),
			 errdetail("%s", problem),
			 errhint("Give 1 to %d bytes of visible text, without space at its ends.", MAX_KEY_BYTES)));
}

void
CheckKey(const char *key, const char *what)
{
	const char *problem = KeyProblem(key);

	if (problem)
		RefuseKey(problem, what);
}

/* Before the key is copied. */
void
CheckKeySize(size_t bytes, const char *what)
{
	if (bytes > MAX_KEY_BYTES)
		RefuseKey(TooManyBytes(bytes), what);
}

/* Words that a person is to read: anything that leaves a mark on paper. */
void
CheckWords(text *words, const char *what)
{
	const unsigned char *p = (const unsigned char *) VARDATA_ANY(words);
	const unsigned char *end = p + VARSIZE_ANY_EXHDR(words);

	if (GetDatabaseEncoding() != PG_UTF8)
		return;
	for (; p < end; p += pg_utf_mblen(p))
	{
		pg_wchar	c = utf8_to_unicode(p);

		if (!IsSpace(c) && !IsInvisible(c))
			return;
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s must say something", what),
			 errdetail("The text is empty or has nothing visible in it.")));
}

/* A member of the object; absent, or no object: NULL. */
JsonbValue *
JsonMember(Jsonb *json, const char *name, JsonbValue *buffer)
{
	return JB_ROOT_IS_OBJECT(json) ? getKeyJsonValueFromContainer(&json->root, name, strlen(name), buffer) : NULL;
}

/* A string of the object; absent, or no object: NULL. */
text *
JsonText(Jsonb *json, const char *name)
{
	JsonbValue	buffer;
	JsonbValue *value = JsonMember(json, name, &buffer);

	return value && value->type == jbvString ? cstring_to_text_with_len(value->val.string.val, value->val.string.len) : NULL;
}
