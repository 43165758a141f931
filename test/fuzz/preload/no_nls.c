/*
 * no_nls.c
 *		Messages untranslated.  To be preloaded beside AddressSanitizer: in a program that was
 *		built without it, bindtextdomain() would wait for ever for a lock of the C library's.
 */
char *bindtextdomain(const char *domain, const char *directory);
char *bind_textdomain_codeset(const char *domain, const char *codeset);
char *textdomain(const char *domain);
char *gettext(const char *message);
char *dgettext(const char *domain, const char *message);
char *dcgettext(const char *domain, const char *message, int category);
char *dngettext(const char *domain, const char *one, const char *many, unsigned long n);

#define UNUSED __attribute__((unused))

char *
bindtextdomain(const char *domain UNUSED, const char *directory)
{
	return (char *) directory;
}

char *
bind_textdomain_codeset(const char *domain UNUSED, const char *codeset)
{
	return (char *) codeset;
}

char *
textdomain(const char *domain)
{
	return (char *) domain;
}

char *
gettext(const char *message)
{
	return (char *) message;
}

char *
dgettext(const char *domain UNUSED, const char *message)
{
	return (char *) message;
}

char *
dcgettext(const char *domain UNUSED, const char *message, int category UNUSED)
{
	return (char *) message;
}

char *
dngettext(const char *domain UNUSED, const char *one, const char *many, unsigned long n)
{
	return (char *) (n == 1 ? one : many);
}
