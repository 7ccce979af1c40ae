"""What people code over the time of a clip, its files, and how far coders agree. No Qt."""
