-- Versions 1 and 4 are random, version 3 is real, and version 5 is derived from SHA-256 as Postgres has no SHA-1.
CREATE FUNCTION uuid_nil() RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
    $$SELECT '00000000-0000-0000-0000-000000000000'::uuid$$;
CREATE FUNCTION uuid_ns_dns() RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
    $$SELECT '6ba7b810-9dad-11d1-80b4-00c04fd430c8'::uuid$$;
CREATE FUNCTION uuid_ns_url() RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
    $$SELECT '6ba7b811-9dad-11d1-80b4-00c04fd430c8'::uuid$$;
CREATE FUNCTION uuid_ns_oid() RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
    $$SELECT '6ba7b812-9dad-11d1-80b4-00c04fd430c8'::uuid$$;
CREATE FUNCTION uuid_ns_x500() RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
    $$SELECT '6ba7b814-9dad-11d1-80b4-00c04fd430c8'::uuid$$;
CREATE FUNCTION uuid_generate_v1() RETURNS uuid LANGUAGE internal VOLATILE PARALLEL SAFE AS 'gen_random_uuid';
CREATE FUNCTION uuid_generate_v1mc() RETURNS uuid LANGUAGE internal VOLATILE PARALLEL SAFE AS 'gen_random_uuid';
CREATE FUNCTION uuid_generate_v4() RETURNS uuid LANGUAGE internal VOLATILE PARALLEL SAFE AS 'gen_random_uuid';
CREATE FUNCTION uuid_generate_v3(namespace uuid, name text) RETURNS uuid
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT overlay(overlay(md5(uuid_send(namespace) || convert_to(name, 'UTF8')) PLACING '3' FROM 13)
        PLACING substr('89ab', (get_byte(decode(md5(uuid_send(namespace) || convert_to(name, 'UTF8')), 'hex'), 8)
        >> 4) % 4 + 1, 1) FROM 17)::uuid
$$;
CREATE FUNCTION uuid_generate_v5(namespace uuid, name text) RETURNS uuid
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT overlay(overlay(left(encode(sha256(uuid_send(namespace) || convert_to(name, 'UTF8')), 'hex'), 32)
        PLACING '5' FROM 13) PLACING 'a' FROM 17)::uuid
$$;
