using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Images.Store;
using Lumos.Linux;

namespace Lumos.Images.Import;

/// <summary>
/// How much of a pool an image may take. A pool that is full to the last byte cannot even be tidied up: what others, and that, need is
/// left to them. File systems that are filled here get it as their quota; streams and volumes, which take none, are looked after
/// while they grow.
/// </summary>
internal sealed class PoolRoom
{
    private const long LeastLeft = 128L << 20, MostLeft = 2L << 30, Stride = 32L << 20;

    /// <summary>Code of the exception that says that a pool has no room for something.</summary>
    public const string NoneCode = "InsufficientSpace";

    private readonly ImageStore _store;
    private readonly string _pool;
    private readonly long _left;
    private long _sinceLook;

    /// <exception cref="LumosException">InsufficientSpace: there is no room for anything.</exception>
    public PoolRoom(ImageStore store, string pool)
    {
        (_store, _pool) = (store, pool);
        long available = Available();
        _left = Math.Clamp(available / 5, LeastLeft, MostLeft);
        MostBytes = available > _left ? available - _left
            : throw new LumosException(NoneCode, $"pool {pool} has room for {available >> 20} MiB, and {_left >> 20} MiB of it are not for images");
    }

    public long MostBytes { get; }

    /// <summary>So many bytes more were written for something.</summary>
    /// <param name="settle">Brings to the disk what is on its way there, which the pool does not know of yet.</param>
    /// <exception cref="LumosException">InsufficientSpace.</exception>
    public void Took(long bytes, string what, Action? settle = null)
    {
        if ((_sinceLook += bytes) >= Stride)
        {
            _sinceLook = 0;
            settle?.Invoke();
            if (IsUsedUp)
            {
                throw None(what);
            }
        }
    }

    /// <summary>Nothing is left but what is not for images.</summary>
    public bool IsUsedUp => Available() < _left;

    public LumosException None(string what) => None(_pool, what);

    public static LumosException None(string pool, string what, Exception? inner = null) =>
        new(NoneCode, $"pool {pool} has no room for {what}", inner: inner);

    /// <summary>Whether something failed for want of room.</summary>
    public static bool IsFull(LumosException e) =>
        e.InnerException is IOException { HResult: Errno.EDQUOT or Errno.ENOSPC } or ErrnoException { Errno: Errno.EDQUOT or Errno.ENOSPC };

    private long Available() => _store.Datasets.List(DatasetName.Parse(_pool), DatasetKinds.Live, depth: 0, ["available"])[0].Number("available") ?? 0;
}
