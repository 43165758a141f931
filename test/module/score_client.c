/*
 * score_client.c
 *		A client that gives and takes trust scores in their binary form.
 *
 * score_client CONNINFO reads table sample (score trust_ledger.trust_score) and
 * prints how many scores there were, how many came or went otherwise than they
 * should, and what the server says to forms that are none.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#define FORM_SIZE 34

static PGconn *conn;
static Oid	trust_score;

enum {TEXT, BINARY};

static PGresult *
Echo(const char *value, int length, int format, int result_format)
{
	return PQexecParams(conn, "SELECT $1", 1, &trust_score, &value, &length, &format, result_format);
}

/* Whether the server gives the score back, asked for in a format, as it should. */
static int
ComesBack(const char *value, int length, int format, int result_format, const char *expected, int expected_length)
{
	PGresult   *result = Echo(value, length, format, result_format);
	int			comes = PQresultStatus(result) == PGRES_TUPLES_OK && PQgetlength(result, 0, 0) == expected_length &&
		memcmp(PQgetvalue(result, 0, 0), expected, expected_length) == 0;

	PQclear(result);
	return comes;
}

int
main(int argc, char **argv)
{
	const int	lengths[] = {0, 1, FORM_SIZE - 1, FORM_SIZE, FORM_SIZE + 1};
	char		zeros[FORM_SIZE + 1] = {0};
	PGresult   *scores;
	int			wrong = 0;

	conn = PQconnectdb(argc == 2 ? argv[1] : "");
	scores = PQexecParams(conn, "SELECT score, score::pg_catalog.text FROM sample", 0, NULL, NULL, NULL, NULL, BINARY);
	if (PQresultStatus(scores) != PGRES_TUPLES_OK)
	{
		fputs(PQerrorMessage(conn), stderr);
		return 1;
	}
	trust_score = PQftype(scores, 0);
	for (int row = 0; row < PQntuples(scores); row++)
	{
		const char *form = PQgetvalue(scores, row, 0);
		const char *text = PQgetvalue(scores, row, 1);
		int			length = PQgetlength(scores, row, 1);

		if (PQgetlength(scores, row, 0) != FORM_SIZE ||
			!ComesBack(form, FORM_SIZE, BINARY, BINARY, form, FORM_SIZE) ||
			!ComesBack(form, FORM_SIZE, BINARY, TEXT, text, length) ||
			!ComesBack(text, length, TEXT, BINARY, form, FORM_SIZE))
			wrong++;
	}
	printf("%d scores, %d wrong\n", PQntuples(scores), wrong);
	PQclear(scores);

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
	{
		PGresult   *result = Echo(zeros, lengths[i], BINARY, BINARY);
		const char *code = PQresultErrorField(result, PG_DIAG_SQLSTATE);

		printf("%d zeros: %s\n", lengths[i], code != NULL ? code : "accepted");
		PQclear(result);
	}
	PQfinish(conn);
	return 0;
}
