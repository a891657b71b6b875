/*
 * git_priv.h - git objects: what their reader and their writer share.
 * A block is a loose object before compression, header included: "commit 215\0tree …".
 * Spec: gitformat-commit, git-mktree(1), git-mktag(1); the shape of nodes is that of ipfs/go-ipld-git.
 */
#ifndef CODEC_GIT_PRIV_H
#define CODEC_GIT_PRIV_H

#include "codec_priv.h"

enum { GIT_SHA_LEN = 20, GIT_CID_LEN = 4 + GIT_SHA_LEN };

/* in front of the 20 bytes of an id: CIDv1, git-raw, sha1, 20 bytes */
extern const uint8_t git_cid_head[4];

enum git_kind { GIT_BLOB, GIT_TREE, GIT_COMMIT, GIT_TAG };

/* What is left to read of a block. */
struct git_rd {
	const uint8_t *p, *end, *start;
};
int git_bad(const struct git_rd *r, const uint8_t *where, const char *rule);

/* git_header - kind and size of an object; the body is what is left.  ERR_INVALID. */
int git_header(struct git_rd *r, enum git_kind *kind);

/* One entry of a tree: 1, 0 at the end, or ERR_INVALID. */
struct git_entry { struct span mode, name; const uint8_t *sha; };
int git_entry(struct git_rd *r, struct git_entry *e);

/* git_line - a line without its end.  1, or 0: no more. */
int git_line(struct git_rd *r, struct span *line);

/* A header of a commit.  GIT_MERGETAG and GIT_SIGNATURE come with the lines below them in `more`; what is
 * not known, or not as expected, is GIT_OTHER, a line at a time. */
enum git_field {
	GIT_OF_TREE, GIT_PARENT, GIT_AUTHOR, GIT_COMMITTER, GIT_ENCODING, GIT_MERGETAG, GIT_SIGNATURE,
	GIT_OTHER
};
struct git_field_line {
	enum git_field field;
	struct span value;		/* behind the name of the field; OTHER: the whole line */
	struct span more;
};
/* git_field - 1, or 0: the headers are over, and the message is what is left. */
int git_field(struct git_rd *r, struct git_field_line *f);

/* Who did it, and when: "NAME <EMAIL> DATE TIMEZONE".  1, or 0: it is not of that form. */
struct git_person { struct span name, email, date, timezone; };
int git_person(struct span text, struct git_person *who);

/* git_commit_node, git_tag_node - the body as a node (git_commit.c). */
int git_commit_node(struct git_rd *r, struct node *nd);
int git_tag_node(struct git_rd *r, struct node *nd);
int git_put_link(struct node *nd, const uint8_t *sha);

/* git_encode - git_write.c */
int git_encode(const struct node *nd, size_t at, struct buf *out);
int git_decode(struct span block, int flags, struct node *nd);

#endif
