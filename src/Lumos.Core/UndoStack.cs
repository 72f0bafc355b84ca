namespace Lumos.Core;

/// <summary>
/// The undo side of a sequence of steps: push how to take a step back right after (or, where a step can be left half done,
/// right before) it is made; call <see cref="Commit"/> when all is well. Disposing without a commit runs the undos
/// last-first; one that fails does not stop the others, and all failures are told together.
/// </summary>
public sealed class UndoStack(Action<string>? log = null) : IDisposable
{
    private readonly Stack<(string Name, Action Undo)> _undos = new();
    private bool _committed;

    /// <summary>Remembers how to undo the step <paramref name="name"/>.</summary>
    public void Push(string name, Action undo) => _undos.Push((name, undo));

    /// <summary>The work stands: nothing is undone any more.</summary>
    public void Commit() => _committed = true;

    public void Dispose()
    {
        if (_committed)
        {
            return;
        }
        while (_undos.TryPop(out var step))
        {
            try
            {
                log?.Invoke($"undo: {step.Name}");
                step.Undo();
            }
            catch (Exception e)
            {
                // The first failure is already on its way to the user; a failed undo must not hide it.
                log?.Invoke($"undo of \"{step.Name}\" failed: {LumosException.Describe(e)}");
            }
        }
    }
}
