-- The version and the time are not in it.
CREATE FUNCTION uuid_generate_v7() RETURNS uuid LANGUAGE internal VOLATILE PARALLEL SAFE AS 'gen_random_uuid';
