"""Section IV-B on chest X-rays: healthy hearts that become enlarged."""
