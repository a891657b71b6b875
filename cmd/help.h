/*
 * help.h - what cmd.c says about a program: usage, manual, version, and the option table for scripts.
 * All but the manual print to standard output (stdio) and leave checking it to cmd_finish.
 */
#ifndef CMD_HELP_H
#define CMD_HELP_H

#include "cmd/cmd.h"

void cmd_help_text(const struct cmd_info *info, const struct cmd_verb *verbs);	/* -h; verbs may be NULL */
void cmd_help_verb(const struct cmd_info *info, const struct cmd_verb *verb);	/* VERB -h */
void cmd_help_version(const struct cmd_info *info);	/* -V */

/* cmd_help_manual - man(1) on the program's page (the one beside the program if it was not installed);
 * the text of -h where that fails. */
void cmd_help_manual(const struct cmd_info *info, const struct cmd_verb *verbs);

/* cmd_help_table - one record a line, fields by TAB: `name N`, `operands O`, `summary S`, for each verb
 * `verb V LETTERS OPERANDS SUMMARY`, `opt LETTER ARGUMENT HELP` for the program's own options and
 * `common …` for everyone's. */
void cmd_help_table(const struct cmd_info *info, const struct cmd_verb *verbs);

#endif
