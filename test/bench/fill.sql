SELECT fill(:customers, :client_id, :batch, :promises, :in_a_row, :lives);
\set batch :batch + 1
