"""The SQL of an answer that is still owed. Every query on running response deadlines uses it, so all count alike."""

RUNNING_ANSWER = "d.kind = 'answer' AND d.level = 0 AND d.met_at IS NULL AND d.void_at IS NULL"
"""The deadline `d` is a response deadline that is neither met nor void."""

ANSWER_DUE = f"(SELECT min(d.due_at) FROM deadlines d WHERE d.case_id = c.id AND {RUNNING_ANSWER})"
"""When the first running answer of the case `c` is due; NULL = none runs."""
