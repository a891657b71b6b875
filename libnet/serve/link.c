/* link.c - messages between the pump and its workers */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/rd.h"
#include "link.h"

enum {
	FIXED = 1 + 1 + 2 + 8 + 8,	/* type, slot, status, off, len */
	SEND_BUF = 512 * 1024
};

int link_pair(int fds[2])
{
	int i, size = SEND_BUF;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return err_sys("making a pair of sockets");
	for (i = 0; i < 2; i++)		/* too much for this system: what it gives is enough */
		setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
	if (fcntl(fds[0], F_SETFL, O_NONBLOCK) < 0) {
		close(fds[0]);
		close(fds[1]);
		return err_sys("making a socket not block");
	}
	return 0;
}

static void put_le(uint8_t *p, uint64_t v, int n)
{
	int i;

	for (i = 0; i < n; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

static void put_fixed(uint8_t fixed[FIXED], const struct link_msg *m)
{
	fixed[0] = (uint8_t)m->type;
	fixed[1] = (uint8_t)m->slot;
	put_le(fixed + 2, (uint64_t)m->status, 2);
	put_le(fixed + 4, m->off, 8);
	put_le(fixed + 12, m->len, 8);
}

static void get_fixed(struct rd *r, struct link_msg *m)
{
	m->type = (enum link_type)rd_u8(r);
	m->slot = rd_u8(r);
	m->status = rd_le16(r);
	m->off = rd_le64(r);
	m->len = rd_le64(r);
}

int link_send(int fd, const struct link_msg *m)
{
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { .room = { 0 } };
	uint8_t fixed[FIXED];
	struct iovec iov[2] = { { fixed, sizeof fixed }, { (void *)(uintptr_t)m->data.p, m->data.len } };
	struct msghdr h = { .msg_iov = iov, .msg_iovlen = m->data.len ? 2 : 1 };
	ssize_t n;

	put_fixed(fixed, m);
	if (m->type == LINK_FILE) {
		h.msg_control = control.room;
		h.msg_controllen = sizeof control.room;
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.align), &m->fd, sizeof m->fd);
	}
	do
		n = sendmsg(fd, &h, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n >= 0)
		return 1;
	if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS)
		return 0;
	if (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN)
		return err_set(ERR_INTERRUPTED, "the other side is gone");
	return err_sys("sending to the other side");
}

/* the descriptors that came with a message: the first is kept, no second is ever sent */
static int take_fd(struct msghdr *h, int *fd)
{
	struct cmsghdr *c;
	int got, extra = 0;
	size_t i, n;

	*fd = -1;
	for (c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (i = 0; i < n; i++) {
			memcpy(&got, CMSG_DATA(c) + i * sizeof(int), sizeof got);
			if (*fd < 0) {
				*fd = got;
			} else {
				close(got);
				extra = 1;
			}
		}
	}
	return extra || (h->msg_flags & MSG_CTRUNC);
}

static int valid(const struct link_msg *m)
{
	if ((m->fd >= 0) != (m->type == LINK_FILE))
		return 0;
	switch (m->type) {
	case LINK_REQUEST:
		return m->data.len > m->len;
	case LINK_BODY:
	case LINK_BYTES:
		return m->data.len > 0 && m->data.len <= LINK_DATA;
	case LINK_BODY_END:
	case LINK_WANT:
		return m->data.len == 0;
	case LINK_HEAD:
		return m->status >= 200 && m->status <= 599;
	case LINK_FILE:
		return m->slot < LINK_SLOTS && m->data.len == 0;
	case LINK_EXTENT:
		return m->slot < LINK_SLOTS && m->data.len == 0 && m->len > 0 &&
		       m->off <= INT64_MAX && m->len <= INT64_MAX - m->off;
	case LINK_END:
		return (m->status & ~(LINK_WHOLE | LINK_LAST)) == 0;
	case LINK_BUNDLE:
		return m->data.len > 0;
	}
	return 0;
}

int link_recv(int fd, struct link_msg *m, struct buf *room)
{
	union {
		char room[CMSG_SPACE(4 * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec iov;
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.room,
			    .msg_controllen = sizeof control.room };
	struct rd r;
	ssize_t n;
	int bad;

	*m = (struct link_msg){ .fd = -1 };
	buf_reset(room);
	if (buf_reserve(room, LINK_MAX) < 0)
		return ERR_NOMEM;
	iov = (struct iovec){ room->data, LINK_MAX };
	do
		n = recvmsg(fd, &h, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return 0;
	if (n == 0 || (n < 0 && errno == ECONNRESET))
		return err_set(ERR_INTERRUPTED, "the other side is gone");
	if (n < 0)
		return err_sys("hearing from the other side");
	bad = take_fd(&h, &m->fd) || (h.msg_flags & MSG_TRUNC);
	r = rd_from(span_of(room->data, (size_t)n));
	get_fixed(&r, m);
	m->data = span_of(r.p, r.left);
	if (!bad && rd_ok(&r) && valid(m))
		return 1;
	if (m->fd >= 0)
		close(m->fd);
	m->fd = -1;
	return err_set(ERR_INVALID, "a message that is none of ours");
}

int link_pack(struct buf *bundle, const struct link_msg *m)
{
	uint8_t fixed[FIXED + 4];
	int rc = buf_reserve(bundle, sizeof fixed + m->data.len);

	put_fixed(fixed, m);
	put_le(fixed + FIXED, m->data.len, 4);
	if (rc == 0)
		rc = buf_bytes(bundle, fixed, sizeof fixed);
	return rc < 0 ? rc : buf_add(bundle, m->data);
}

int link_unpack(struct span *rest, struct link_msg *m)
{
	struct rd r = rd_from(*rest);

	if (!rest->len)
		return 0;
	*m = (struct link_msg){ .fd = -1 };
	get_fixed(&r, m);
	m->data = rd_bytes(&r, rd_le32(&r));
	*rest = span_of(r.p, r.left);
	if (rd_ok(&r) && valid(m) && m->type >= LINK_HEAD && m->type <= LINK_END)
		return 1;
	return err_set(ERR_INVALID, "a message that may not be in a bundle");
}
