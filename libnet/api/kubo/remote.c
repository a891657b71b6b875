/* remote.c - pinning services in the configuration */
#include <stdlib.h>
#include <string.h>

#include "remote.h"

static const char where[] = "Pinning.RemoteServices";

void service_clear(struct service *s)
{
	if (s->key)
		explicit_bzero(s->key, strlen(s->key));
	free(s->key);
	free(s->name);
	free(s->endpoint);
	*s = (struct service){ 0 };
}

static char *text_at(const struct node *nd, size_t map, const char *key)
{
	struct span s = span_of("", 0);
	size_t at = map;

	if (conf_find(nd, key, &at) == 1 && nd->step[at].kind == NODE_STRING)
		s = node_span(nd, at);
	return strndup((const char *)s.p, s.len);
}

static int take(const struct node *nd, struct span name, size_t at, struct service *s)
{
	*s = (struct service){ strndup((const char *)name.p, name.len), text_at(nd, at, "API.Endpoint"),
			       text_at(nd, at, "API.Key") };
	return s->name && s->endpoint && s->key ? 0 : err_nomem();
}

struct search {
	const char *name;		/* NULL: all */
	struct service *found;
	int (*fn)(void *arg, const struct service *s);
	void *arg;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct service *)a)->name, ((const struct service *)b)->name);
}

/* all of a document, in the order of their names: gives *list */
static int all_of(const struct node *nd, struct service **list, size_t *n)
{
	size_t at = 0, end;
	int rc = 0;

	*list = NULL;
	*n = 0;
	if (conf_find(nd, where, &at) != 1 || nd->step[at].kind != NODE_MAP)
		return 0;
	*list = calloc(nd->step[at].n + 1, sizeof **list);
	if (!*list)
		return err_nomem();
	end = (size_t)nd->step[at].end;
	for (at++; rc == 0 && at < end; at = node_next(nd, at + 1))
		rc = take(nd, node_span(nd, at), at + 1, &(*list)[(*n)++]);
	if (rc == 0)
		qsort(*list, *n, sizeof **list, by_name);
	return rc;
}

int service_each(struct call *c, int (*fn)(void *arg, const struct service *s), void *arg)
{
	struct service *list = NULL;
	struct conf d;
	size_t n = 0, i;
	int rc = conf_open(c, &d);

	if (rc == 0)
		rc = all_of(&d.all, &list, &n);
	for (i = 0; rc == 0 && i < n; i++)
		rc = fn(arg, &list[i]);
	for (i = 0; i < n; i++)
		service_clear(&list[i]);
	free(list);
	conf_close(&d);
	return rc;
}

static int is_it(void *arg, const struct service *s)
{
	struct search *x = arg;

	if (strcmp(s->name, x->name) != 0)
		return 0;
	*x->found = (struct service){ strdup(s->name), strdup(s->endpoint), strdup(s->key) };
	return x->found->name && x->found->endpoint && x->found->key ? 1 : err_nomem();
}

int service_find(struct call *c, const char *name, struct service *s)
{
	struct search x = { .name = name, .found = s };
	int rc = service_each(c, is_it, &x);

	return rc == 0 ? err_set(ERR_NOTFOUND, "service not known") : rc < 0 ? rc : 0;
}

/* ---- changing ---- */

struct change {
	const char *name, *endpoint, *key;	/* endpoint NULL: it goes */
};

static int add_text(struct node *nd, const char *key, const char *text)
{
	int rc = node_add(nd, NODE_STRING, span_str(key));

	return rc < 0 ? rc : node_add(nd, NODE_STRING, span_str(text));
}

/* the policies Kubo writes beside, which say that nothing happens by itself */
static int add_policies(struct node *nd)
{
	size_t policies, mfs;
	int rc = node_add(nd, NODE_STRING, span_str("Policies"));

	if (rc == 0)
		rc = node_open(nd, NODE_MAP, &policies);
	if (rc == 0)
		rc = node_add(nd, NODE_STRING, span_str("MFS"));
	if (rc == 0)
		rc = node_open(nd, NODE_MAP, &mfs);
	if (rc == 0)
		rc = node_add(nd, NODE_STRING, span_str("Enable"));
	if (rc == 0)
		rc = node_bool(nd, 0);
	if (rc == 0)
		rc = add_text(nd, "PinName", "");
	if (rc == 0)
		rc = add_text(nd, "RepinInterval", "");
	if (rc == 0)
		rc = node_close(nd, mfs);
	return rc < 0 ? rc : node_close(nd, policies);
}

static int add_service(struct node *nd, const struct change *ch)
{
	size_t service, api;
	int rc = node_add(nd, NODE_STRING, span_str(ch->name));

	if (rc == 0)
		rc = node_open(nd, NODE_MAP, &service);
	if (rc == 0)
		rc = node_add(nd, NODE_STRING, span_str("API"));
	if (rc == 0)
		rc = node_open(nd, NODE_MAP, &api);
	if (rc == 0)
		rc = add_text(nd, "Endpoint", ch->endpoint);
	if (rc == 0)
		rc = add_text(nd, "Key", ch->key);
	if (rc == 0)
		rc = node_close(nd, api);
	if (rc == 0)
		rc = add_policies(nd);
	return rc < 0 ? rc : node_close(nd, service);
}

/* the map of services in the file, without this one and, when it is added, with it.  *had: it was there */
static int changed_map(const struct node *file, const struct change *ch, struct node *out, int *had)
{
	size_t at = 0, end, map;
	int rc = node_open(out, NODE_MAP, &map);

	*had = 0;
	if (rc == 0 && conf_find(file, where, &at) == 1 && file->step[at].kind == NODE_MAP) {
		end = (size_t)file->step[at].end;
		for (at++; rc == 0 && at < end; at = node_next(file, at + 1)) {
			if (span_equal(node_span(file, at), span_str(ch->name))) {
				*had = 1;
				continue;
			}
			rc = node_add(out, NODE_STRING, node_span(file, at));
			if (rc == 0)
				rc = conf_copy(out, file, at + 1);
		}
	}
	if (rc == 0 && ch->endpoint)
		rc = add_service(out, ch);
	return rc < 0 ? rc : node_close(out, map);
}

static int edit(void *arg, const struct conf *d, struct node *out)
{
	const struct change *ch = arg;
	struct node map = NODE_INIT;
	int had, rc = changed_map(&d->file, ch, &map, &had);

	if (rc == 0 && had && ch->endpoint)
		rc = err_set(ERR_EXISTS, "service already present");
	if (rc == 0 && !had && !ch->endpoint) {
		node_clear(&map);
		return 0;
	}
	if (rc == 0)
		rc = conf_set(out, &d->file, 0, where, &map, 0);
	node_clear(&map);
	return rc < 0 ? rc : 1;
}

/* http(s)://HOST…, and not what the rest of the API adds itself */
static int check_endpoint(const char *url)
{
	size_t scheme = strncmp(url, "https://", 8) == 0 ? 8 : strncmp(url, "http://", 7) == 0 ? 7 : 0;
	size_t n = strlen(url);

	if (!scheme || strcspn(url + scheme, "/?#") == 0 || strpbrk(url, " \t\r\n"))
		return err_set(ERR_USAGE, "service endpoint must be a valid HTTP URL");
	while (n > scheme && url[n - 1] == '/')
		n--;
	if (n - scheme > 5 && strncmp(url + n - 5, "/pins", 5) == 0)
		return err_set(ERR_USAGE, "service endpoint should be provided without the /pins suffix");
	return 0;
}

int service_add(struct call *c, const char *name, const char *endpoint, const char *key)
{
	struct change ch = { name, endpoint, key };
	int rc = check_endpoint(endpoint);

	return rc < 0 ? rc : conf_edit(c, edit, &ch);
}

int service_rm(struct call *c, const char *name)
{
	struct change ch = { .name = name };

	return conf_edit(c, edit, &ch);
}
