"""Training over several processes: tokens split, weights sharded, teacher and critic in processes of their own."""
