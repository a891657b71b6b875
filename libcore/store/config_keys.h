/* config_keys.h - the table of settings (inside store only) */
#ifndef STORE_CONFIG_KEYS_H
#define STORE_CONFIG_KEYS_H

struct config_key {
	const char *name, *otherwise;	/* the default */
	int (*ok)(const char *value);	/* 1 or 0 */
	const char *wants, *help;	/* "a size, 0 for none"; one line of what it does */
};
extern const struct config_key config_keys[];	/* a row without a name ends it */

#endif
