/*
 * summary.c
 *		Starting the room "summary".
 */
#include "postgres.h"

#include "summary/counted.h"
#include "summary/summary.h"

void
rbac_summary_init(void)
{
	rbac_counted_init();
	rbac_pile_init();
	rbac_fold_init();
	rbac_reader_init();
	rbac_truncate_init();
}
