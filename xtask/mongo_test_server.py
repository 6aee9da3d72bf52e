"""Runs SecantusDB as the test MongoDB of `cargo xtask test`, with renameCollection and listCollections as MongoDB has them.

MongoDB keeps a collection's options (its validator among them) and its UUID when it is renamed; SecantusDB 0.7.0b3 gives
the renamed collection fresh ones. org-service's stamp lives in the validator, so here they are carried over, under the
same lock that the rename runs under.

MongoDB's listCollections changes nothing; that of SecantusDB 0.7.0b3 asks for the UUID of each name it has read, which
makes a collection that was renamed or dropped since then anew, empty and without its validator. Here the UUID of what is
not there is made up and not kept.

Takes secantusd's flags. Ends when its standard input does, and with it whoever started it.
"""

import functools
import os
import sys
import threading
import uuid

from secantus import cli
from secantus.storage import Storage


def keeping_options(rename):
    """`rename`, followed by the source's options and UUID on the target."""

    @functools.wraps(rename)
    def rename_collection(self, src_db, src_coll, dst_db, dst_coll, **flags):
        with self._lock:
            self._refresh_read_snapshot()
            options = self._coll_options(src_db, src_coll)
            if options is not None:
                # The UUID is made when it is first asked for, and is one of the options from then on.
                self._collection_uuid(src_db, src_coll)
                options = self._coll_options(src_db, src_coll)
            renamed, reason = rename(self, src_db, src_coll, dst_db, dst_coll, **flags)
            if renamed and options:
                self._write_coll_options(dst_db, dst_coll, options)
            return renamed, reason

    return rename_collection


def of_what_is_there(collection_uuid):
    """`collection_uuid`, that creates nothing."""

    @functools.wraps(collection_uuid)
    def of_collection(self, db, coll):
        with self._lock:
            self._refresh_read_snapshot()
            if self._coll_options(db, coll) is None:
                return uuid.uuid4()
            return collection_uuid(self, db, coll)

    return of_collection


def end_with_standard_input():
    """Ends the process at once: its data is thrown away in any case."""
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os._exit(0)


if __name__ == "__main__":
    Storage.rename_collection = keeping_options(Storage.rename_collection)
    Storage.collection_uuid = of_what_is_there(Storage.collection_uuid)
    threading.Thread(target=end_with_standard_input, daemon=True).start()
    sys.exit(cli.main())
