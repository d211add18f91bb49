"""``crnn cluster``: read very many pictures on many cores or machines with Ray Data, to Parquet files.

Ray and PyArrow are imported here alone; the extra ``cluster`` brings them.
"""
