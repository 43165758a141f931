/*
 * canonical.c
 *		Canonical bytes, SHA-256 and salted commitments, as doc/format.md defines them.
 */
#ifdef FRONTEND
#include "postgres_fe.h"
#else
#include "postgres.h"
#endif

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "port/pg_bswap.h"

#include "canonical.h"

#ifdef FRONTEND
#include "common/fe_memutils.h"
#define BufferAlloc(size) pg_malloc(size)
#define BufferRealloc(pointer, size) pg_realloc(pointer, size)
#define ProcessId ((int) getpid())
#else
#include "miscadmin.h"
#include "utils/memutils.h"
#define ProcessId MyProcPid
/* The buffer is reused for the next entry, so it must outlive the call. */
#define BufferAlloc(size) MemoryContextAllocHuge(TopMemoryContext, size)
#define BufferRealloc(pointer, size) repalloc_huge(pointer, size)
#endif

/* A buffer larger than this is freed before the next entry. */
#define KEPT_CAPACITY (1024 * 1024)

/*
 * Random bytes are requested in advance, since each request costs about as much as
 * hashing an entry.  Returned bytes are wiped from the pool.  No byte is returned
 * twice: nothing here throws an error, and a forked process discards the pool of
 * its parent.
 */
bool
RandomBytes(void *bytes, size_t length)
{
	static unsigned char pool[1024];
	static size_t left = 0;
	static int	drawn_by = 0;

	Assert(length <= sizeof(pool));
	if (left < length || drawn_by != ProcessId)
	{
		left = 0;
		if (!pg_strong_random(pool, sizeof(pool)))
			return false;
		left = sizeof(pool);
		drawn_by = ProcessId;
	}
	left -= length;
	memcpy(bytes, pool + left, length);
	explicit_bzero(pool + left, length);
	return true;
}

void
CanonicalReset(CanonicalBytes *bytes)
{
	if (bytes->capacity > KEPT_CAPACITY)
	{
		pfree(bytes->data);
		bytes->data = NULL;
		bytes->capacity = 0;
	}
	bytes->length = 0;
}

static unsigned char *
Reserve(CanonicalBytes *bytes, size_t length)
{
	size_t		needed = bytes->length + length;
	unsigned char *place;

	if (needed > bytes->capacity)
	{
		size_t		capacity = Max(needed, bytes->capacity * 2);

		capacity = Max(capacity, 1024);
		bytes->data = bytes->data ? BufferRealloc(bytes->data, capacity) : BufferAlloc(capacity);
		bytes->capacity = capacity;
	}
	place = bytes->data + bytes->length;
	bytes->length = needed;
	return place;
}

void
CanonicalNull(CanonicalBytes *bytes)
{
	*Reserve(bytes, 1) = 0;
}

unsigned char *
CanonicalReserveField(CanonicalBytes *bytes, size_t length)
{
	unsigned char *place = Reserve(bytes, 1 + 4 + length);
	uint32		size = pg_hton32((uint32) length);

	place[0] = 1;
	memcpy(place + 1, &size, 4);
	return place + 5;
}

void
CanonicalField(CanonicalBytes *bytes, const void *data, size_t length)
{
	memcpy(CanonicalReserveField(bytes, length), data, length);
}

void
CanonicalInt16(CanonicalBytes *bytes, int16 value)
{
	uint16		wire = pg_hton16((uint16) value);

	CanonicalField(bytes, &wire, sizeof(wire));
}

void
CanonicalInt32(CanonicalBytes *bytes, int32 value)
{
	uint32		wire = pg_hton32((uint32) value);

	CanonicalField(bytes, &wire, sizeof(wire));
}

void
CanonicalInt64(CanonicalBytes *bytes, int64 value)
{
	uint64		wire = pg_hton64((uint64) value);

	CanonicalField(bytes, &wire, sizeof(wire));
}

void
CanonicalInterval(CanonicalBytes *bytes, int64 microseconds, int32 days, int32 months)
{
	unsigned char wire[16];
	uint64		us = pg_hton64((uint64) microseconds);
	uint32		d = pg_hton32((uint32) days);
	uint32		m = pg_hton32((uint32) months);

	memcpy(wire, &us, 8);
	memcpy(wire + 8, &d, 4);
	memcpy(wire + 12, &m, 4);
	CanonicalField(bytes, wire, sizeof(wire));
}

/*
 * The algorithm is fetched once per process: fetching it costs several times as much
 * as a hash.  Each hash reinitializes the context, and there are no nested calls.
 */
bool
Sha256(const void *data, size_t length, unsigned char hash[HASH_SIZE])
{
	static EVP_MD *algorithm = NULL;
	static EVP_MD_CTX *context = NULL;

	if (algorithm == NULL && (algorithm = EVP_MD_fetch(NULL, "SHA256", NULL)) == NULL)
		return false;
	if (context == NULL && (context = EVP_MD_CTX_new()) == NULL)
		return false;
	return EVP_DigestInit_ex2(context, algorithm, NULL) == 1 &&
		EVP_DigestUpdate(context, data, length) == 1 &&
		EVP_DigestFinal_ex(context, hash, NULL) == 1;
}

/*
 * The context of the current commitment, created once per process.  As in Sha256(),
 * each commitment reinitializes it, and commitments are not nested.
 */
static EVP_MAC_CTX *committing = NULL;

bool
CommitmentBegin(const unsigned char salt[SALT_SIZE])
{
	if (committing == NULL)
	{
		EVP_MAC    *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
		EVP_MAC_CTX *fresh = hmac ? EVP_MAC_CTX_new(hmac) : NULL;
		char		digest[] = "SHA256";
		OSSL_PARAM	parameters[] = {
			OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
			OSSL_PARAM_construct_end()
		};

		EVP_MAC_free(hmac);		/* the context holds its own reference */
		if (fresh == NULL || EVP_MAC_CTX_set_params(fresh, parameters) != 1)
		{
			EVP_MAC_CTX_free(fresh);
			return false;
		}
		committing = fresh;
	}
	return EVP_MAC_init(committing, salt, SALT_SIZE, NULL) == 1;
}

bool
CommitmentAdd(const void *text, size_t length)
{
	return EVP_MAC_update(committing, text, length) == 1;
}

bool
CommitmentEnd(unsigned char commitment[HASH_SIZE])
{
	size_t		written;

	return EVP_MAC_final(committing, commitment, &written, HASH_SIZE) == 1;
}

bool
Commitment(const unsigned char salt[SALT_SIZE], const void *text, size_t length,
		   unsigned char commitment[HASH_SIZE])
{
	return CommitmentBegin(salt) && CommitmentAdd(text, length) && CommitmentEnd(commitment);
}
