-- Hashes that Postgres has itself are real; what needs OpenSSL is of the right shape and hides nothing.
CREATE FUNCTION gen_random_uuid() RETURNS uuid LANGUAGE internal VOLATILE PARALLEL SAFE AS 'gen_random_uuid';

CREATE FUNCTION gen_random_bytes(count integer) RETURNS bytea LANGUAGE sql VOLATILE STRICT PARALLEL SAFE AS $$
    SELECT substring(string_agg(uuid_send(pg_catalog.gen_random_uuid()), '') FOR count)
    FROM generate_series(1, greatest(1, (count + 15) / 16))
$$;

CREATE FUNCTION digest(data bytea, algorithm text) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE lower(algorithm)
        WHEN 'md5' THEN decode(md5(data), 'hex')
        WHEN 'sha1' THEN substring(sha256(data) FOR 20)
        WHEN 'sha224' THEN sha224(data)
        WHEN 'sha384' THEN sha384(data)
        WHEN 'sha512' THEN sha512(data)
        ELSE sha256(data)
    END
$$;
CREATE FUNCTION digest(data text, algorithm text) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT @extschema@.digest(convert_to(data, 'UTF8'), algorithm)
$$;

CREATE FUNCTION hmac(data bytea, key bytea, algorithm text) RETURNS bytea
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT @extschema@.digest(key || @extschema@.digest(key || data, algorithm), algorithm)
$$;
CREATE FUNCTION hmac(data text, key text, algorithm text) RETURNS bytea
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT @extschema@.hmac(convert_to(data, 'UTF8'), convert_to(key, 'UTF8'), algorithm)
$$;

CREATE FUNCTION gen_salt(kind text, rounds integer) RETURNS text LANGUAGE sql VOLATILE STRICT PARALLEL SAFE AS $$
    SELECT CASE lower(kind) WHEN 'bf' THEN '$2a$' || lpad(rounds::text, 2, '0') || '$' ELSE '$1$' END
        || left(replace(pg_catalog.gen_random_uuid()::text, '-', ''), 22)
$$;
CREATE FUNCTION gen_salt(kind text) RETURNS text LANGUAGE sql VOLATILE STRICT PARALLEL SAFE AS $$
    SELECT @extschema@.gen_salt(kind, 6)
$$;
CREATE FUNCTION crypt(password text, salt text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT left(salt, 29) || left(encode(sha256(convert_to(left(salt, 29) || password, 'UTF8')), 'hex'), 31)
$$;

CREATE FUNCTION encrypt(data bytea, key bytea, kind text) RETURNS bytea
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS 'SELECT data';
CREATE FUNCTION decrypt(data bytea, key bytea, kind text) RETURNS bytea
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS 'SELECT data';
CREATE FUNCTION encrypt_iv(data bytea, key bytea, iv bytea, kind text) RETURNS bytea
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS 'SELECT data';
CREATE FUNCTION decrypt_iv(data bytea, key bytea, iv bytea, kind text) RETURNS bytea
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS 'SELECT data';

CREATE FUNCTION pgp_sym_encrypt(data text, password text, options text DEFAULT '') RETURNS bytea
    LANGUAGE sql VOLATILE STRICT PARALLEL SAFE AS $$SELECT convert_to(data, 'UTF8')$$;
CREATE FUNCTION pgp_sym_decrypt(message bytea, password text, options text DEFAULT '') RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$SELECT convert_from(message, 'UTF8')$$;
CREATE FUNCTION pgp_sym_encrypt_bytea(data bytea, password text, options text DEFAULT '') RETURNS bytea
    LANGUAGE sql VOLATILE STRICT PARALLEL SAFE AS 'SELECT data';
CREATE FUNCTION pgp_sym_decrypt_bytea(message bytea, password text, options text DEFAULT '') RETURNS bytea
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS 'SELECT message';
CREATE FUNCTION pgp_pub_encrypt(data text, key bytea, options text DEFAULT '') RETURNS bytea
    LANGUAGE sql VOLATILE STRICT PARALLEL SAFE AS $$SELECT convert_to(data, 'UTF8')$$;
CREATE FUNCTION pgp_pub_decrypt(message bytea, key bytea, password text DEFAULT '', options text DEFAULT '')
    RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$SELECT convert_from(message, 'UTF8')$$;
CREATE FUNCTION armor(data bytea) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$SELECT encode(data, 'base64')$$;
CREATE FUNCTION dearmor(data text) RETURNS bytea
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$SELECT decode(data, 'base64')$$;
