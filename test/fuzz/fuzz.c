/*
 * fuzz.c
 *		Runs a fuzz target, in a server of one process: so the type meets PostgreSQL's own
 *		parsers and errors, and the extension's files are compiled as they are.
 *
 * Built with libFuzzer (FUZZER), it looks for inputs; without, it replays files.
 */
#include "fuzz.h"

#include <dirent.h>

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

PG_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(fuzz);

typedef void (*Target) (const uint8 *data, size_t size);

static const struct
{
	const char *name;
	Target		run;
}			targets[] = {
	{"score_text", FuzzScoreText}, {"score_binary", FuzzScoreBinary}, {"entry", FuzzEntry}
};

static Target target;
static char input[MAXPGPATH] = "";	/* the file that is replayed */

void
Unsound(const char *format,...)
{
	va_list		args;

	fprintf(stderr, "UNSOUND %s: ", input);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	abort();
}

/* The call's SQLSTATE, or 0 and its result.  An internal error is none that input may lead to. */
int
Try(PGFunction function, Datum arg, Datum *result)
{
	MemoryContext context = CurrentMemoryContext;
	volatile int code = 0;

	PG_TRY();
	{
		*result = DirectFunctionCall1(function, arg);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		code = error->sqlerrcode;
		Check(code != ERRCODE_INTERNAL_ERROR, "internal error: %s", error->message);
	}
	PG_END_TRY();
	return code;
}

static int
RunOne(const uint8 *data, size_t size)
{
	static MemoryContext scratch = NULL;
	MemoryContext before;

	if (scratch == NULL)
		scratch = AllocSetContextCreate(TopMemoryContext, "fuzz", ALLOCSET_DEFAULT_SIZES);
	before = MemoryContextSwitchTo(scratch);
	target(data, size);
	MemoryContextSwitchTo(before);
	MemoryContextReset(scratch);
	OwnMemoryFree();
	return 0;
}

static Target
TargetNamed(const char *name)
{
	for (size_t i = 0; i < lengthof(targets); i++)
		if (strcmp(targets[i].name, name) == 0)
			return targets[i].run;
	elog(ERROR, "no target \"%s\"", name);
}

#ifdef FUZZER

extern int	LLVMFuzzerRunDriver(int *argc, char ***argv,
								int (*run) (const uint8 *data, size_t size));

/* libFuzzer ends the process when it is done. */
static int64
Run(char **arguments, int count)
{
	char	  **argv = malloc((count + 2) * sizeof(char *));
	int			argc = count + 1;

	argv[0] = strdup("fuzz");
	for (int i = 0; i < count; i++)
		argv[i + 1] = strdup(arguments[i]);
	argv[argc] = NULL;
	return LLVMFuzzerRunDriver(&argc, &argv, RunOne);
}

#else

static void
Replay(const char *path)
{
	/* exactly as long as it is: what reads on reads what is not its own */
	FILE	   *file = fopen(path, "rb");
	uint8	   *data;
	long		size;

	if (file == NULL)
		elog(ERROR, "could not open \"%s\": %m", path);
	strlcpy(input, path, sizeof(input));
	fseek(file, 0, SEEK_END);
	size = ftell(file);
	rewind(file);
	data = malloc(size > 0 ? size : 1);
	if (fread(data, 1, size, file) != (size_t) size)
		elog(ERROR, "could not read \"%s\"", path);
	fclose(file);
	RunOne(data, size);
	free(data);
}

/* The files of those directories; how many they were. */
static int64
Run(char **arguments, int count)
{
	int64		files = 0;

	for (int i = 0; i < count; i++)
	{
		DIR		   *dir = opendir(arguments[i]);
		struct dirent *entry;

		if (dir == NULL)
			elog(ERROR, "could not open \"%s\": %m", arguments[i]);
		while ((entry = readdir(dir)) != NULL)
			if (entry->d_name[0] != '.')
			{
				char		path[MAXPGPATH];

				snprintf(path, sizeof(path), "%s/%s", arguments[i], entry->d_name);
				Replay(path);
				files++;
			}
		closedir(dir);
	}
	return files;
}

#endif

/*
 * fuzz(target text, arguments text[]) returns bigint
 *		With libFuzzer, its arguments; without, directories, and how many files were in them.
 */
Datum
fuzz(PG_FUNCTION_ARGS)
{
	Datum	   *elements;
	char	  **arguments;
	int			count;
	int64		files;

	target = TargetNamed(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(1), TEXTOID, -1, false, TYPALIGN_INT,
					  &elements, NULL, &count);
	arguments = calloc(count + 1, sizeof(char *));	/* what is palloc'd goes with the first input */
	for (int i = 0; i < count; i++)
		arguments[i] = strdup(TextDatumGetCString(elements[i]));
	files = Run(arguments, count);
	for (int i = 0; i < count; i++)
		free(arguments[i]);
	free(arguments);
	PG_RETURN_INT64(files);
}
