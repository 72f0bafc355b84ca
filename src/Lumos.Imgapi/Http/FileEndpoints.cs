using System.Buffers;
using Lumos.Core;
using Lumos.Imgapi.Model;
using Lumos.Imgapi.Store;

namespace Lumos.Imgapi.Http;

/// <summary>The files of images, and their icons.</summary>
internal sealed class FileEndpoints(ImageRepository images, ImageEndpoints manifests, ImgapiSettings settings, Mirror.MirrorSource? mirror) : IDisposable
{
    private const int BlockSize = 128 << 10, MostIconBytes = 128 << 10;

    private static readonly string[] Compressions = ["none", "gzip", "bzip2", "xz", "zstd"];

    private readonly SemaphoreSlim _uploads = new(settings.MostUploads);

    public void Dispose() => _uploads.Dispose();

    public async Task Download(Call call, Uuid uuid)
    {
        var image = await manifests.Seen(call, uuid).ConfigureAwait(false);
        if (image.File is { } file)
        {
            await call.AnswerFile(images.OpenBlob(file), file, "application/octet-stream").ConfigureAwait(false);
        }
        else if (mirror is not null && image.IsActivated)
        {
            await mirror.Send(call, image).ConfigureAwait(false);
        }
        else
        {
            throw ImgapiException.NotFound($"a file of image {image}");
        }
    }

    public async Task Upload(Call call, Uuid uuid)
    {
        var image = manifests.Owned(call, uuid);
        ImageChanges.RequireUnactivated(image);
        string compression = call.Query("compression") is { } said && Compressions.Contains(said)
            ? said
            : throw ImgapiException.Invalid("compression", $"has to be said: one of {string.Join(", ", Compressions)}", call.Query("compression") is null ? "Missing" : "Invalid");
        string? guid = call.Query("dataset_guid");
        if (call.Query("storage") is not (null or "local"))
        {
            throw new ImgapiException("StorageUnsupported", $"storage={call.Query("storage")}: this server has local storage only");
        }
        var asked = new ExpectedFile(Number(call, "size"), call.Query("sha1"), call.Query("sha256"));
        var incoming = await Receive(call, image, settings.MostFileBytes).ConfigureAwait(false);
        await using (incoming.ConfigureAwait(false))
        {
            if (incoming.Length == 0)
            {
                throw new ImgapiException("Upload", $"nothing was uploaded for image {image}");
            }
            await call.Answer(await images.Take(incoming, uuid, (i, file) =>
                (asked.Fault(file) ?? i.Expected.Fault(file)) is { } fault
                    ? throw new ImgapiException("Upload", $"what was uploaded is not the file of image {i}: it {fault}")
                    : ImageChanges.WithFile(i, file, compression, guid), call.Stop).ConfigureAwait(false)).ConfigureAwait(false);
        }
    }

    public async Task DownloadIcon(Call call, Uuid uuid)
    {
        var image = await manifests.Seen(call, uuid).ConfigureAwait(false);
        var icon = image.Icon ?? throw ImgapiException.NotFound($"an icon of image {image}");
        await call.AnswerFile(images.OpenBlob(icon), icon, image.IconType!).ConfigureAwait(false);
    }

    public async Task UploadIcon(Call call, Uuid uuid)
    {
        var image = manifests.Owned(call, uuid);
        string type = call.Request.ContentType is "image/jpeg" or "image/png" or "image/gif"
            ? call.Request.ContentType
            : throw new ImgapiException("InvalidHeader", "Content-Type must be image/jpeg, image/png or image/gif");
        var asked = new ExpectedFile(null, call.Query("sha1"), null);
        var incoming = await Receive(call, image, MostIconBytes).ConfigureAwait(false);
        await using (incoming.ConfigureAwait(false))
        {
            await call.Answer(await images.Take(incoming, uuid, (i, file) =>
                asked.Fault(file) is { } fault ? throw new ImgapiException("Upload", $"what was uploaded is not the icon of image {i}: it {fault}")
                : file.Size == 0 ? throw new ImgapiException("Upload", $"nothing was uploaded as the icon of image {i}")
                : ImageChanges.WithIcon(i, file, type), call.Stop).ConfigureAwait(false)).ConfigureAwait(false);
        }
    }

    public async Task DeleteIcon(Call call, Uuid uuid)
    {
        _ = manifests.Owned(call, uuid);
        await call.Answer(await images.Update(uuid, i => ImageChanges.WithIcon(i, null, null), call.Stop).ConfigureAwait(false)).ConfigureAwait(false);
    }

    /// <summary>Brings a body onto the disk, a block at a time.</summary>
    private async Task<IncomingFile> Receive(Call call, StoredImage image, long most)
    {
        call.LimitBody(most);
        if (call.Request.ContentLength > most)
        {
            throw new ImgapiException("RequestEntityTooLargeError", $"{call.Request.ContentLength} bytes are more than the {most} that this may have");
        }
        if (call.Request.ContentLength is { } length && new DriveInfo(images.Paths.Root).AvailableFreeSpace < length)
        {
            throw new ImgapiException("StorageIsDown", $"there is no room for the {length} bytes of image {image}: the disk of {images.Paths.Root} is full");
        }
        if (!await _uploads.WaitAsync(0).ConfigureAwait(false))
        {
            call.Response.Headers.RetryAfter = "10";
            throw new ImgapiException("ServiceUnavailableError", $"{settings.MostUploads} uploads are under way: try again later");
        }
        var incoming = images.Receive(image.Expected.Sha512 is not null);
        byte[] block = ArrayPool<byte>.Shared.Rent(BlockSize);
        bool whole = false;
        try
        {
            int got;
            while ((got = await call.Request.Body.ReadAsync(block, call.Stop).ConfigureAwait(false)) > 0)
            {
                await incoming.WriteAsync(block.AsMemory(0, got), call.Stop).ConfigureAwait(false);
            }
            whole = true;
            return incoming;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(block);
            _ = _uploads.Release();
            if (!whole)
            {
                await incoming.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    private static long? Number(Call call, string name) => call.Query(name) is not { } text ? null
        : long.TryParse(text, System.Globalization.NumberStyles.None, null, out long number) ? number
        : throw new ImgapiException("InvalidParameter", $"{name}={text}: it must be a number");
}
