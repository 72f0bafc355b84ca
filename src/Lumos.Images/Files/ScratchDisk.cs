using Lumos.Core;
using Lumos.Images.Store;
using Lumos.Linux.Files;
using Lumos.Linux.Handles;
using Microsoft.Win32.SafeHandles;

namespace Lumos.Images.Files;

/// <summary>
/// A disk's file for as long as it is read: a copy, decompressed, that belongs to nobody and has no name. So a program without rights can
/// read this file and no other, nobody changes it between check and use, and nothing is left when we are killed.
/// </summary>
internal sealed class ScratchDisk : IDisposable
{
    private const int Block = 256 << 10;

    private ScratchDisk(FileDescriptor file, long length)
    {
        File = file;
        Length = length;
    }

    public FileDescriptor File { get; }

    public long Length { get; }

    /// <summary>Copies all that a file holds; zeros become holes.</summary>
    /// <exception cref="LumosException">UncompressionError; NoSpace; InvalidImage: longer than is allowed.</exception>
    public static ScratchDisk Fill(ContentFile source, ImageStore store, Action<long, long> progress)
    {
        string folder = Import.DownloadFolder.Make(store.Paths);
        string name = $"disk.{Guid.NewGuid():N}";
        using var directory = HeldDirectory.Open(folder);
        byte[] raw = System.Text.Encoding.ASCII.GetBytes(name);
        var file = directory.MakeFile(raw, 0x180);
        try
        {
            directory.Remove(raw);
            file.SetOwner(QemuImg.Nobody, QemuImg.Nobody);
            long room = Import.RoomCheck.LeftForDownloads(store.Paths);
            using var handle = new SafeFileHandle(file.Number, ownsHandle: false);
            byte[] block = new byte[Block];
            long length = 0, written = 0;
            while (source.Read(block) is var got and > 0)
            {
                var bytes = block.AsSpan(0, got);
                if (bytes.ContainsAnyExcept((byte)0))
                {
                    if ((written += got) > room)
                    {
                        throw new LumosException("NoSpace", $"{source.Name} does not fit into {folder} while it is converted: {new ByteCount(room)} are left there");
                    }
                    RandomAccess.Write(handle, bytes, length);
                }
                if ((length += got) > DiskLimits.MostUnpackedBytes)
                {
                    throw new LumosException("InvalidImage", $"{source.Name} is refused: it becomes longer than {new ByteCount(DiskLimits.MostUnpackedBytes)}");
                }
                var (done, total) = source.Progress(length);
                progress(done, total);
            }
            source.Finish();
            RandomAccess.SetLength(handle, length);
            return new ScratchDisk(file, length);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public void Dispose() => File.Dispose();
}
