"""The command line that drafts a migration; all else about migrations is in the package itself."""

import sys

from crm_store.migrations import draft

draft(" ".join(sys.argv[1:]))
