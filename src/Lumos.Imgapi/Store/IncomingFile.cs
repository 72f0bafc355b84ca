using System.Security.Cryptography;
using Lumos.Imgapi.Model;

namespace Lumos.Imgapi.Store;

/// <summary>
/// A file on its way into the store: written under a name of its own while it is hashed, and thrown away unless
/// <see cref="ImageRepository"/> takes it. A server that is killed leaves it, and the next start removes it.
/// </summary>
public sealed class IncomingFile : IAsyncDisposable
{
    private readonly FileStream _file;
#pragma warning disable CA5350, CA5351 // What IMGAPI's manifests and headers demand; the store itself goes by SHA-256.
    private readonly IncrementalHash _sha1 = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
    private readonly IncrementalHash _md5 = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
#pragma warning restore CA5350, CA5351
    private readonly IncrementalHash _sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    private readonly IncrementalHash? _sha512;

    /// <param name="withSha512">Its SHA-512 is to be found out as well.</param>
    public IncomingFile(string folder, bool withSha512)
    {
        _sha512 = withSha512 ? IncrementalHash.CreateHash(HashAlgorithmName.SHA512) : null;
        Path = System.IO.Path.Combine(folder, RandomNumberGenerator.GetHexString(16, lowercase: true));
        _file = new FileStream(Path, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            BufferSize = 0,
            Options = FileOptions.Asynchronous,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
    }

    private IncomingFile(string path, FileStream file, bool withSha512) =>
        (Path, _file, _sha512) = (path, file, withSha512 ? IncrementalHash.CreateHash(HashAlgorithmName.SHA512) : null);

    /// <summary>A file that somebody else has written there.</summary>
    public static async Task<IncomingFile> Of(string path, bool withSha512, CancellationToken stop)
    {
        var incoming = new IncomingFile(path, new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.Read | FileShare.Delete, 0, FileOptions.Asynchronous), withSha512);
        byte[] block = new byte[256 << 10];
        int got;
        while ((got = await incoming._file.ReadAsync(block, stop).ConfigureAwait(false)) > 0)
        {
            incoming.Add(block.AsSpan(0, got));
        }
        return incoming;
    }

    public string Path { get; }

    public long Length { get; private set; }

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken stop)
    {
        await _file.WriteAsync(bytes, stop).ConfigureAwait(false);
        Add(bytes.Span);
    }

    /// <summary>Everything has come: it is on the disk when this returns.</summary>
    public StoredFile Finish()
    {
        _file.Flush(flushToDisk: true);
        return new StoredFile(
            Convert.ToHexStringLower(_sha256.GetHashAndReset()), Convert.ToHexStringLower(_sha1.GetHashAndReset()),
            Convert.ToBase64String(_md5.GetHashAndReset()), Length)
        {
            Sha512 = _sha512 is null ? null : Convert.ToHexStringLower(_sha512.GetHashAndReset()),
        };
    }

    private void Add(ReadOnlySpan<byte> bytes)
    {
        _sha1.AppendData(bytes);
        _md5.AppendData(bytes);
        _sha256.AppendData(bytes);
        _sha512?.AppendData(bytes);
        Length += bytes.Length;
    }

    public async ValueTask DisposeAsync()
    {
        await _file.DisposeAsync().ConfigureAwait(false);
        _sha1.Dispose();
        _md5.Dispose();
        _sha256.Dispose();
        _sha512?.Dispose();
        File.Delete(Path); // one that was taken has another name by now
    }
}
