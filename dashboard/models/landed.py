"""List what databases may lack or have in excess, because landed migrations were once rewritten.

From 22 to 28 November 2026, migrations on the main branch were renamed, merged and edited. A
database from those days records names that no longer exist, or a name whose contents changed
afterwards. Since then no landed migration is edited (`tests/upgrade`), so nothing is added here.
"""

# Names that no longer exist, and the migration that contains their operations.
RENAMED = {
    "0002_extractions": "0001_initial",
    "0002_async_requests": "0002_whole_contract",
    "0002_closing_and_retries": "0002_whole_contract",
    "0002_encoders": "0002_whole_contract",
    "0002_verifications": "0002_whole_contract",
    "0003_verifications": "0002_whole_contract",
    "0005_job_turns": "0006_job_turns",
    "0005_upload_plans": "0007_upload_plans",
    "0006_upload_plans": "0007_upload_plans",
    "0010_name_search": "0008_name_search",
    "0011_region_features": "0009_region_features",
}

# Added to a migration after it had landed: models, in an order in which they can be created, then
# fields and indexes of models.
LATER_MODELS = ("extraction", "asyncrequest", "asyncrecord", "verification", "encoder")
LATER_FIELDS = (
    ("upload", "then_train"),
    ("uploadpart", "similarity_type"),
    ("extraction", "filter"),
    ("extraction", "filter_words"),
    ("task", "encoder"),
)
LATER_INDEXES = (
    ("feature", "feature_by_age"),
    ("uploadpart", "upload_parts_stored"),
    ("job", "job_by_turn"),
)
# Removed from a migration, or by a later one.
EARLIER_INDEXES = (("job", "job_unfinished"), ("job", "job_recent_unfinished"))
