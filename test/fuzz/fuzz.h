/*
 * fuzz.h
 *		What the fuzz targets share.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include "postgres.h"

#include "base/errcodes.h"

/* A target takes any bytes at all; what is not sound ends the process. */
extern void FuzzScoreText(const uint8 *data, size_t size);
extern void FuzzScoreBinary(const uint8 *data, size_t size);
extern void FuzzEntry(const uint8 *data, size_t size);

extern int	Try(PGFunction function, Datum arg, Datum *result);
pg_noreturn extern void Unsound(const char *format,...) __attribute__((format(printf, 1, 2)));

#define Check(condition, ...) do { if (!(condition)) Unsound(__VA_ARGS__); } while (0)

extern void OwnMemoryFree(void);

#endif
