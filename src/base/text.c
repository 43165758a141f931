/*
 * text.c
 *		Checks texts from callers, and reads texts from JSON objects.
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

/*
 * Unicode's control, format and other invisible characters.  They are not allowed in
 * keys, so that keys that look the same are the same.
 */
static const CodeRange invisible[] = {
	{0x0000, 0x001F}, {0x007F, 0x009F}, {0x00AD, 0x00AD}, {0x034F, 0x034F}, {0x061C, 0x061C},
	{0x115F, 0x1160}, {0x17B4, 0x17B5}, {0x180B, 0x180F}, {0x200B, 0x200F}, {0x2028, 0x202E},
	{0x2060, 0x206F}, {0x2800, 0x2800}, {0x3164, 0x3164}, {0xFE00, 0xFE0F}, {0xFEFF, 0xFEFF},
	{0xFFA0, 0xFFA0}, {0xFFF0, 0xFFFB}, {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A},
	{0xE0000, 0xE0FFF}
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

const char *
KeyProblem(const char *key)
{
	size_t		length = strlen(key);
	pg_wchar	c = 0;

	if (GetDatabaseEncoding() != PG_UTF8)
		return NULL;			/* there is no ledger: the call fails later, with a clear error */

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
			return "It begins with white space.";
	}
	return IsSpace(c) ? "It ends with white space." : NULL;
}

static void
RefuseKey(const char *problem, const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s cannot be used as a key", what),
			 errdetail("%s", problem),
			 errhint("Use 1 to %d bytes of visible text without leading or trailing white space.",
					 MAX_KEY_BYTES)));
}

void
CheckKey(const char *key, const char *what)
{
	const char *problem = KeyProblem(key);

	if (problem)
		RefuseKey(problem, what);
}

void
CheckKeySize(size_t bytes, const char *what)
{
	if (bytes > MAX_KEY_BYTES)
		RefuseKey(TooManyBytes(bytes), what);
}

void
CheckVisibleText(text *words, const char *what)
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
			 errmsg("%s must contain visible text", what),
			 errdetail("The text is empty or has only white space and invisible characters.")));
}

JsonbValue *
JsonMember(Jsonb *json, const char *name, JsonbValue *buffer)
{
	if (!JB_ROOT_IS_OBJECT(json))
		return NULL;
	return getKeyJsonValueFromContainer(&json->root, name, strlen(name), buffer);
}

text *
JsonText(Jsonb *json, const char *name)
{
	JsonbValue	buffer;
	JsonbValue *value = JsonMember(json, name, &buffer);

	if (value == NULL || value->type != jbvString)
		return NULL;
	return cstring_to_text_with_len(value->val.string.val, value->val.string.len);
}
