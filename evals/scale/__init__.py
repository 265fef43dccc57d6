"""What memories cost as there are more of them: more episodes, and more users."""
