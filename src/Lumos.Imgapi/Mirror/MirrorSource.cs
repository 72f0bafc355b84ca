using System.Collections.Concurrent;
using System.Security.Cryptography;
using Lumos.Core;
using Lumos.Drivers.Fetch;
using Lumos.Images.Model;
using Lumos.Images.Sources;
using Lumos.Imgapi.Http;
using Lumos.Imgapi.Model;
using Lumos.Imgapi.Store;
using Microsoft.AspNetCore.Http;

namespace Lumos.Imgapi.Mirror;

/// <summary>
/// The server whose images this one has too. Its list is asked for once a minute, its manifests when they are asked for here, its
/// files when they are: one at a time of each image, however many want it, sent on while it comes, checked, and kept. Anybody may ask,
/// so that what comes has the limits of what is uploaded: of a file's length, of transfers at the same time, and the room that there is. When it does
/// not answer, what is kept here is served as ever.
/// </summary>
internal sealed class MirrorSource : IDisposable
{
    private const int MaxTries = 5, MaxOrigins = 64;

    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(60);

    private readonly ImageRepository _images;
    private readonly ImgapiClient _client;
    private readonly ImgapiSettings _settings;
    private readonly SemaphoreSlim _turns;
    private readonly TimeProvider _clock;
    private readonly Action<string> _warn;
    private readonly ConcurrentDictionary<Uuid, (StoredImage Image, DateTimeOffset Time)> _known = new();
    private readonly ConcurrentDictionary<Uuid, Lazy<Transfer>> _transfers = new();
    private readonly SemaphoreSlim _listing = new(1);
    private readonly CancellationTokenSource _stop = new();
    private IReadOnlyList<StoredImage> _list = [];
    private DateTimeOffset _listed = DateTimeOffset.MinValue;
    private volatile Merged _merged = new(ImageIndex.Empty, [], ImageIndex.Empty);

    private sealed record Merged(ImageIndex Here, IReadOnlyList<StoredImage> There, ImageIndex Both);

    public MirrorSource(ImageRepository images, ImageSource source, ImgapiSettings settings, TimeProvider clock, Action<string> warn)
    {
        _images = images;
        _client = new ImgapiClient(source, new FetchOptions { UserAgent = "lumos-imgapi" });
        _settings = settings;
        _turns = new SemaphoreSlim(settings.MostUploads);
        _clock = clock;
        _warn = warn;
    }

    /// <summary>Images that were asked for here and came from there.</summary>
    public long Brought { get; private set; }

    public void Dispose()
    {
        _stop.Cancel();
        _client.Dispose();
        _listing.Dispose();
        _turns.Dispose();
        _stop.Dispose();
    }

    /// <summary>What is here and what is there.</summary>
    public async Task<ImageIndex> Listed(CancellationToken stop)
    {
        await _listing.WaitAsync(stop).ConfigureAwait(false);
        try
        {
            if (_clock.GetUtcNow() - _listed >= Fresh)
            {
                try
                {
                    var manifests = await Task.Run(() => _client.List(out _), stop).ConfigureAwait(false);
                    _list = [.. manifests.Select(Shown)];
                }
                catch (LumosException e)
                {
                    _warn($"the list is that of this server and of what was known of {_client.Source.Url}: {LumosException.Describe(e)}");
                }
                _listed = _clock.GetUtcNow(); // a server that is down is not asked by every request
            }
        }
        finally
        {
            _ = _listing.Release();
        }
        var (here, list, merged) = (_images.Index, _list, _merged);
        if (merged.Here != here || merged.There != list)
        {
            _merged = merged = new Merged(here, list, list.Count == 0 ? here : ImageIndex.Of(here.All.Concat(list.Where(i => here.Find(i.Uuid) is null))));
        }
        return merged.Both;
    }

    /// <summary>An image as it is there; null: it is not there.</summary>
    /// <exception cref="ImgapiException">RemoteSourceError.</exception>
    public async Task<StoredImage?> Find(Uuid uuid, CancellationToken stop)
    {
        if (_known.TryGetValue(uuid, out var known) && _clock.GetUtcNow() - known.Time < Fresh)
        {
            return known.Image;
        }
        try
        {
            var manifest = await Task.Run(() => _client.Find(uuid), stop).ConfigureAwait(false);
            if (manifest is null)
            {
                return null;
            }
            var image = Shown(manifest);
            _known[uuid] = (image, _clock.GetUtcNow());
            return image;
        }
        catch (LumosException e) when (e is not ImgapiException)
        {
            throw new ImgapiException("RemoteSourceError", $"image {uuid} is not here, and {_client.Source.Url} could not be asked", inner: e);
        }
    }

    /// <summary>Brings an image and what it is an increment of.</summary>
    public async Task<StoredImage> Bring(Uuid uuid, CancellationToken stop)
    {
        var chain = new List<StoredImage>();
        for (Uuid? next = uuid; next is { } at && _images.Index.Find(at) is null;)
        {
            var image = await Find(at, stop).ConfigureAwait(false)
                ?? throw new ImgapiException(at == uuid ? "ResourceNotFound" : "OriginDoesNotExist", $"{_client.Source.Url} has no image {at}");
            chain.Insert(0, chain.Count < MaxOrigins ? image : throw new ImgapiException("RemoteSourceError", $"image {uuid} has no end of origins"));
            next = image.Origin;
        }
        foreach (var image in chain)
        {
            _ = await Of(image).Done.WaitAsync(stop).ConfigureAwait(false);
        }
        return _images.Index.Find(uuid)!;
    }

    /// <summary>Sends the file of an image that is not here yet, while it comes.</summary>
    public async Task Send(Call call, StoredImage image)
    {
        long size = SizeOf(image);
        var (from, to) = Part(call.Request, size);
        var transfer = call.IsHead ? null : Begun(call, image); // who only looks has nothing brought here
        if (transfer is not null)
        {
            _ = await transfer.Available(from, call.Stop).ConfigureAwait(false); // where it does not come, the answer can still say so
        }
        call.Response.ContentType = "application/octet-stream";
        call.Response.ContentLength = to - from;
        call.Response.Headers.AcceptRanges = "bytes";
        if (to - from < size)
        {
            call.Response.StatusCode = StatusCodes.Status206PartialContent;
            call.Response.Headers.ContentRange = $"bytes {from}-{to - 1}/{size}";
        }
        if (transfer is not null)
        {
            await Copy(call, transfer, from, to).ConfigureAwait(false);
        }
    }

    private static async Task Copy(Call call, Transfer transfer, long from, long to)
    {
        byte[] block = new byte[64 << 10];
        for (long at = from; at < to;)
        {
            long end = Math.Min(to, await transfer.Available(at, call.Stop).ConfigureAwait(false));
            int got = transfer.Read(block.AsSpan(0, (int)Math.Min(block.Length, end - at)), at);
            if (got == 0)
            {
                await Task.Delay(1, call.Stop).ConfigureAwait(false); // told of, and not yet written out of the writer's buffer
                continue;
            }
            await call.Response.Body.WriteAsync(block.AsMemory(0, got), call.Stop).ConfigureAwait(false);
            at += got;
        }
    }

    private static (long From, long To) Part(HttpRequest request, long size) =>
        request.GetTypedHeaders().Range is { Unit.Value: "bytes", Ranges: { Count: 1 } ranges } && ranges.First() is { From: { } from } range && from < size
            ? (from, Math.Min(size, (range.To ?? size - 1) + 1))
            : (0, size);

    private Transfer Begun(Call call, StoredImage image)
    {
        try
        {
            return Of(image);
        }
        catch (ImgapiException e) when (e.Code == "ServiceUnavailableError")
        {
            call.Response.Headers.RetryAfter = "10";
            throw;
        }
    }

    private Transfer Of(StoredImage image)
    {
        var begun = _transfers.GetOrAdd(image.Uuid, _ => new Lazy<Transfer>(() => Begin(image)));
        try
        {
            return begun.Value;
        }
        catch
        {
            _ = _transfers.TryRemove(KeyValuePair.Create(image.Uuid, begun)); // which would fail for ever; the next one who asks tries anew
            throw;
        }
    }

    private long SizeOf(StoredImage image) => image.Expected is { Size: { } size, Sha1: not null } ? size
        : throw new ImgapiException("RemoteSourceError", $"{_client.Source.Url} says of image {image} neither how long its file is nor its checksum");

    private Transfer Begin(StoredImage image)
    {
        long size = SizeOf(image);
        if (size > _settings.MostFileBytes)
        {
            throw new ImgapiException("RemoteSourceError", $"the file of image {image} has {size} bytes, and this server takes none of more than {_settings.MostFileBytes} (max_file)");
        }
        if (!_turns.Wait(0))
        {
            throw new ImgapiException("ServiceUnavailableError", $"{_settings.MostUploads} files are on their way from {_client.Source.Url}: try again later");
        }
        try
        {
            RequireRoom(image, size);
            string path = Path.Combine(_images.Paths.Incoming, RandomNumberGenerator.GetHexString(16, lowercase: true));
            var transfer = new Transfer(path, size) { Done = Task.FromException<StoredImage>(new InvalidOperationException()) };
            transfer.Done = Task.Run(() => Run(image, transfer));
            return transfer;
        }
        catch
        {
            _ = _turns.Release();
            throw;
        }
    }

    /// <summary>For it, and for what of the others has still to come.</summary>
    private void RequireRoom(StoredImage image, long size)
    {
        long coming = _transfers.Values.Where(t => t.IsValueCreated).Sum(t => t.Value.Missing);
        if (new DriveInfo(_images.Paths.Root).AvailableFreeSpace is var free && free - coming < size)
        {
            throw new ImgapiException("StorageIsDown", $"there is no room for the {size} bytes of image {image}: {free} are free where {_images.Paths.Root} is, and {coming} of them are for others on their way");
        }
    }

    private async Task<StoredImage> Run(StoredImage image, Transfer transfer)
    {
        try
        {
            Download(image, transfer);
            var incoming = await IncomingFile.Of(transfer.Path, image.Expected.Sha512 is not null, _stop.Token).ConfigureAwait(false);
            await using (incoming.ConfigureAwait(false))
            {
                var stored = await _images.AddWhole(incoming, file => image.Expected.Fault(file) is { } fault
                    ? throw new ImgapiException("RemoteSourceError", $"what {_client.Source.Url} sent is not the file of image {image}: it {fault}")
                    : ImageChanges.Mirrored(ImageManifest.From(image.Manifest, _client.Source.Url), Channel, Now, file), _stop.Token).ConfigureAwait(false);
                Brought++;
                return stored;
            }
        }
        catch (LumosException e)
        {
            _warn(LumosException.Describe(e));
            throw;
        }
        finally
        {
            File.Delete(transfer.Path);
            _ = _transfers.TryRemove(image.Uuid, out _); // the next one who asks begins anew, or finds it here
            _ = _turns.Release();
        }
    }

    private void Download(StoredImage image, Transfer transfer)
    {
        for (int tries = 1; ; tries++)
        {
            try
            {
                _ = _client.Download(image.Uuid, transfer.Path, transfer.Size, bytes =>
                {
                    _stop.Token.ThrowIfCancellationRequested();
                    transfer.Written(bytes);
                });
                return;
            }
            catch (FetchException e) when (!_stop.IsCancellationRequested && tries < MaxTries && e.Status is null or >= 500 or 416)
            {
                _warn($"{LumosException.Describe(e)}; trying again");
            }
            catch (FetchException e)
            {
                throw new ImgapiException("RemoteSourceError", $"the file of image {image} does not come from {_client.Source.Url}", inner: e);
            }
        }
    }

    private StoredImage Shown(ImageManifest manifest) => ImageChanges.Mirrored(manifest, Channel, Now, null);

    private string? Channel => _settings.Channels.All.FirstOrDefault(c => c.IsDefault)?.Name ?? (_settings.Channels.Exist ? _settings.Channels.All[0].Name : null);

    private string Now => ImageEndpoints.Time(_clock.GetUtcNow());
}
