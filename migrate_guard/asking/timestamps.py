"""What columns that say when are called."""

from __future__ import annotations

from typing import Final

CREATED: Final = (
    *("created_at", "created", "created_on", "created_date", "created_time", "created_ts", "created_datetime"),
    *("date_created", "time_created", "datetime_created", "ts_created", "creation_date", "creation_time"),
    *("create_date", "create_time", "create_at", "inserted_at", "insert_time", "added_at", "added_on"),
    *("date_added", "registered_at", "joined_at", "date_joined", "created_utc", "created_at_utc"),
    *("create_timestamp", "created_timestamp", "creation_timestamp", "creation_ts", "ctime", "issued_at"),
)
"""The column that says when a row was made."""
UPDATED: Final = (
    *("updated_at", "updated", "updated_on", "updated_date", "updated_time", "updated_ts", "updated_datetime"),
    *("date_updated", "time_updated", "datetime_updated", "ts_updated", "update_date", "update_time", "update_at"),
    *("modified_at", "modified", "modified_on", "modified_date", "date_modified", "time_modified"),
    *("last_modified", "last_modified_at", "last_updated", "last_updated_at", "last_update", "changed_at"),
    *("last_changed", "changed_on", "edited_at", "updated_utc", "updated_at_utc", "modification_date"),
    *("update_timestamp", "updated_timestamp", "modification_time", "mtime"),
)
"""The column that says when a row was changed last."""
EVENTS: Final = (
    *("occurred_at", "happened_at", "event_time", "event_at", "event_timestamp", "event_date", "timestamp", "ts"),
    *("time", "logged_at", "log_time", "recorded_at", "sent_at", "received_at", "emitted_at", "measured_at"),
    *("sampled_at", "observed_at", "captured_at", "viewed_at", "clicked_at", "published_at", "collected_at"),
    *("performed_at", "executed_at", "triggered_at", "delivered_at", "seen_at", "visited_at", "changed_at"),
    *("archived_at", "applied_at", "attempted_at"),
)
"""The time of an event."""
