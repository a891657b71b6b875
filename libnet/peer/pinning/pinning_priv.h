/* pinning_priv.h - what the files of this room share */
#ifndef PEER_PINNING_PRIV_H
#define PEER_PINNING_PRIV_H

#include <curl/curl.h>

#include "base/err.h"
#include "codec/codec.h"
#include "peer/pinning/pinning.h"

struct pinning {
	CURL *curl;
	struct curl_slist *fields;
	char *endpoint;
	struct buf answer;		/* of the last request */
	struct node nd;			/* the same, as a value; NODE_NULL: it was empty */
	char why[CURL_ERROR_SIZE];
};

/* pinning_ask - one request, "GET", "/pins?…", with a body of JSON or NULL; its answer in p->nd. */
int pinning_ask(struct pinning *p, const char *method, const char *path, const char *body);

#endif
